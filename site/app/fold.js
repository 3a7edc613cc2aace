/** Normalises Vietnamese spellings for comparison: either without accents, or with the tone marks
 * moved to the end. */

const TONES = /[\u0300\u0301\u0303\u0309\u0323]/g;

/** The apostrophes that people type in names of ethnic minorities, such as K’Brăk and H'Hen. */
const APOSTROPHES = /['‘’ʼ`´]/g;

/** Return the text in lower case, without accents and apostrophes, and with `d` for `đ`. The
 * Icelandic letter `ð`, which some keyboards type instead of `đ`, becomes `d` too. */
export function fold(/** @type {string} */ text) {
  return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(APOSTROPHES, "").replace(/[đð]/g, "d");
}

/** Return a word in lower case with its tone marks moved to the end, so that both tone styles (hoà
 * and hòa, uỷ and ủy) give the same text. */
export function exactSpelling(/** @type {string} */ word) {
  const decomposed = word.toLowerCase().normalize("NFD").replace(/ð/g, "đ");
  return decomposed.replace(TONES, "") + (decomposed.match(TONES) ?? []).join("");
}
