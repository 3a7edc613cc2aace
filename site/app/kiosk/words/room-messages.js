/** The messages of the kiosk's rooms: its pages and sheets other than the roll call. */

// Not in `messages.vi.json`: the roll call opens sooner if it need not load these too.
import words from "../../../messages.rooms.vi.json";
import { fill } from "../../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);

/** Return a message with its facts filled in.
 * @param {string} key @param {Record<string, unknown>} [facts] */
export function roomText(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** Return the Vietnamese name of a code, or the code itself if it has none.
 * @param {string} list @param {string} code */
export function nameOfCode(list, code) {
  return catalogue[`${list}.${code}`] ?? code;
}
