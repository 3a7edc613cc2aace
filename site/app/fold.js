/** How words are compared: without accents, or with them but whatever the place of the tone mark. */

const TONES = /[\u0300\u0301\u0303\u0309\u0323]/g;

/** Lower case without marks; đ, and the Ð that some keyboards give for it, are d. */
export function fold(/** @type {string} */ text) {
  return text.toLowerCase().normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đð]/g, "d");
}

/** One spelling for both styles of a word, hoà and hòa, uỷ and ủy: its letters, then its tone. */
export function exact(/** @type {string} */ word) {
  const marks = word.toLowerCase().normalize("NFD").replace(/ð/g, "đ");
  return marks.replace(TONES, "") + (marks.match(TONES) ?? []).join("");
}
