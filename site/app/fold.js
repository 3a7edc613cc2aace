/** Makes spellings comparable: without any accents, or with every tone mark in the same place. */

const TONES = /[\u0300\u0301\u0303\u0309\u0323]/g;

/** The apostrophes that people type in names of ethnic minorities, such as K’Brăk and H'Hen. */
const APOSTROPHES = /['‘’ʼ`´]/g;

/** Return the text in lower case without accents and apostrophes, and with d for đ. Some keyboards
 * type the Icelandic ð instead of đ. */
export function fold(/** @type {string} */ text) {
  return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(APOSTROPHES, "").replace(/[đð]/g, "d");
}

/** Return one spelling for both tone styles (hoà and hòa, uỷ and ủy): letters, then tone. */
export function exactSpelling(/** @type {string} */ word) {
  const decomposed = word.toLowerCase().normalize("NFD").replace(/ð/g, "đ");
  return decomposed.replace(TONES, "") + (decomposed.match(TONES) ?? []).join("");
}
