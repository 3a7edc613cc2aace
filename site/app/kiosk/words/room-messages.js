/** Provides the messages of the kiosk's rooms: all pages and sheets except the roll call. */

// A separate catalogue, because the roll call opens sooner without these messages.
import words from "../../../messages.rooms.vi.json";
import { fill } from "../../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);

/** Return the message with this key from the rooms' catalogue, with `facts` filled into its
 * placeholders.
 * @param {string} key @param {Record<string, unknown>} [facts] */
export function roomText(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** Return the Vietnamese name of a code in one of the catalogue's lists, such as `reason`; the code
 * itself if it has no name.
 * @param {string} list @param {string} code */
export function nameOfCode(list, code) {
  return catalogue[`${list}.${code}`] ?? code;
}
