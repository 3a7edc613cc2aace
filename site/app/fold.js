/** Folds words for comparison: without accents, or with accents in one place of the tone mark. */

const TONES = /[\u0300\u0301\u0303\u0309\u0323]/g;

/** Signs that stand inside names of some peoples (K’Brăk, H'Hen), as keyboards and fonts have them. */
const APOSTROPHES = /['‘’ʼ`´]/g;

/** Return the text in lower case without marks and apostrophes; đ, and Ð as some keyboards type it,
 * become d. */
export function fold(/** @type {string} */ text) {
  return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(APOSTROPHES, "").replace(/[đð]/g, "d");
}

/** Return one spelling for both tone styles (hoà and hòa, uỷ and ủy): letters, then tone. */
export function exactSpelling(/** @type {string} */ word) {
  const decomposed = word.toLowerCase().normalize("NFD").replace(/ð/g, "đ");
  return decomposed.replace(TONES, "") + (decomposed.match(TONES) ?? []).join("");
}
