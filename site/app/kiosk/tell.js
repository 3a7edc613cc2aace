/** The words of the rooms that are loaded when they are first opened. */

import words from "../../messages.desk.vi.json"; // a file of its own, so that it comes with the rooms
import { fill } from "../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);

/** @param {string} key @param {Record<string, unknown>} [facts] */
export function tell(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** A code of a fixed list in words; one that no list knows stands as it is. @param {string} list @param {string} code */
export function nameOfCode(list, code) {
  return catalogue[`${list}.${code}`] ?? code;
}
