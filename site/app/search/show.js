/** Shows search results: the title, the kind, and an excerpt around the first match. */

import { exactSpelling, fold } from "../fold.js";
import { kinds, search as words } from "../../messages.vi.json";

/** @typedef {import("./finder.js").KnownDocument} KnownDocument */

const MAX_SHOWN = 50;
const CONTEXT_CHARS = 70;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** Replace the content of `place` with the first 50 matches, every one with an excerpt that marks the
 * typed words. */
export function showMatches(/** @type {HTMLElement} */ place, /** @type {KnownDocument[]} */ matches, /** @type {string} */ typedText) {
  const typed = typedText.match(WORD) ?? [];
  place.replaceChildren(...matches.slice(0, MAX_SHOWN).map((match) => resultItem(match, typed)));
}

function resultItem(/** @type {KnownDocument} */ match, /** @type {string[]} */ typed) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `../${match.id}`;
  link.textContent = match.title;
  const about = document.createElement("span");
  about.className = "muted";
  const kind = kinds[/** @type {keyof typeof kinds} */ (match.kind)] ?? words[/** @type {keyof typeof words} */ (match.kind)];
  about.textContent = [`${kind} ${match.number ?? ""}`.trim(), match.date, match.issuer].filter(Boolean).join(" · ");
  item.append(link, about, excerpt(`${match.summary ?? ""} ${match.text ?? ""}`, typed));
  return item;
}

/** Return a paragraph with the text around the first match, in which all matches are marked.
 * Without a match, return the beginning of the text. */
function excerpt(/** @type {string} */ text, /** @type {string[]} */ typed) {
  const paragraph = document.createElement("p");
  const hit = firstHit(text, typed);
  const from = hit === null || hit < CONTEXT_CHARS ? 0 : text.indexOf(" ", hit - CONTEXT_CHARS) + 1;
  const to = (hit ?? 0) + 2 * CONTEXT_CHARS;
  const excerptText = cut(text.slice(from, to), text.length > to);
  paragraph.append(from > 0 ? "… " : "");
  let offset = 0;
  for (const word of hit === null ? [] : excerptText.matchAll(WORD)) {
    if (!typed.some((typedWord, n) => isMatch(typedWord, word[0], n === typed.length - 1))) continue;
    const mark = document.createElement("mark");
    mark.textContent = word[0];
    paragraph.append(excerptText.slice(offset, word.index), mark);
    offset = word.index + word[0].length;
  }
  paragraph.append(excerptText.slice(offset));
  return paragraph;
}

/** Return whether a word equals the typed word, without regard to accents. The last typed word may
 * be incomplete.
 * @param {string} typed @param {string} word @param {boolean} isLast */
function isMatch(typed, word, isLast) {
  return fold(word) === fold(typed) || (isLast && fold(word).startsWith(fold(typed)));
}

/** Return the offset at which all typed words follow each other or, failing that, the offset of the
 * first typed word; null if neither occurs. Whole words with the same accents are preferred, then
 * whole words with other accents, then beginnings of words.
 * @returns {number | null} */
function firstHit(/** @type {string} */ text, /** @type {string[]} */ typed) {
  const textWords = [...text.matchAll(WORD)];
  const same = [
    (/** @type {string} */ word, /** @type {string} */ candidate) => exactSpelling(candidate) === exactSpelling(word),
    (/** @type {string} */ word, /** @type {string} */ candidate) => fold(candidate) === fold(word),
    (/** @type {string} */ word, /** @type {string} */ candidate) => fold(candidate).startsWith(fold(word)),
  ];
  for (const length of [typed.length, 1]) {
    for (const isSame of same) {
      const hit = textWords.find((_, n) =>
        typed.slice(0, length).every((word, k) => textWords[n + k] && isSame(word, textWords[n + k][0])),
      );
      if (hit) return hit.index;
    }
  }
  return null;
}

function cut(/** @type {string} */ text, /** @type {boolean} */ isCut) {
  return isCut ? `${text.slice(0, text.lastIndexOf(" ") + 1 || undefined)}…` : text;
}
