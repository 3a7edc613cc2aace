/** Shows what was found: its title, what it is, and the words around the first hit. */

import { exact, fold } from "../fold.js";
import { kinds, search as words } from "../../messages.vi.json";

/** @typedef {import("./finder.js").Known} Known */

const MAX_SHOWN = 50;
const AROUND = 70;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

export function showFound(/** @type {HTMLElement} */ place, /** @type {Known[]} */ found, /** @type {string} */ asked) {
  const typed = asked.match(WORD) ?? [];
  place.replaceChildren(...found.slice(0, MAX_SHOWN).map((each) => line(each, typed)));
}

function line(/** @type {Known} */ each, /** @type {string[]} */ typed) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `../${each.id}`;
  link.textContent = each.title;
  const about = document.createElement("span");
  about.className = "muted";
  const kind = kinds[/** @type {keyof typeof kinds} */ (each.kind)] ?? words[/** @type {keyof typeof words} */ (each.kind)];
  about.textContent = [`${kind} ${each.number ?? ""}`.trim(), each.date, each.issuer].filter(Boolean).join(" · ");
  item.append(link, about, excerpt(`${each.summary ?? ""} ${each.text ?? ""}`, typed));
  return item;
}

/** The first words that were typed with what stands around them; the beginning where there are none. */
function excerpt(/** @type {string} */ text, /** @type {string[]} */ typed) {
  const place = document.createElement("p");
  const hit = firstHit(text, typed);
  const from = hit === null || hit < AROUND ? 0 : text.indexOf(" ", hit - AROUND) + 1;
  const to = (hit ?? 0) + 2 * AROUND;
  const shown = cut(text.slice(from, to), text.length > to);
  place.append(from > 0 ? "… " : "");
  let at = 0;
  for (const word of hit === null ? [] : shown.matchAll(WORD)) {
    if (!typed.some((each, n) => isMeant(each, word[0], n === typed.length - 1))) continue;
    const mark = document.createElement("mark");
    mark.textContent = word[0];
    place.append(shown.slice(at, word.index), mark);
    at = word.index + word[0].length;
  }
  place.append(shown.slice(at));
  return place;
}

/** The last word may still be being typed. @param {string} typed @param {string} own @param {boolean} isLast */
function isMeant(typed, own, isLast) {
  return fold(own) === fold(typed) || (isLast && fold(own).startsWith(fold(typed)));
}

/** Where the words that were typed first stand: with their accents, else in any case all in a row.
 * @returns {number | null} */
function firstHit(/** @type {string} */ text, /** @type {string[]} */ typed) {
  const found = [...text.matchAll(WORD)];
  const same = [
    (/** @type {string} */ word, /** @type {string} */ own) => exact(own) === exact(word),
    (/** @type {string} */ word, /** @type {string} */ own) => fold(own) === fold(word),
    (/** @type {string} */ word, /** @type {string} */ own) => fold(own).startsWith(fold(word)),
  ];
  for (const length of [typed.length, 1]) {
    for (const is of same) {
      const hit = found.find((_, n) =>
        typed.slice(0, length).every((word, k) => found[n + k] && is(word, found[n + k][0])),
      );
      if (hit) return hit.index;
    }
  }
  return null;
}

function cut(/** @type {string} */ text, /** @type {boolean} */ isCut) {
  return isCut ? `${text.slice(0, text.lastIndexOf(" ") + 1 || undefined)}…` : text;
}
