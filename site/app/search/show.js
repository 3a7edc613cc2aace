/** Shows what was found: its title, what it is, and the words around the first hit. */

import { exact, fold } from "../fold.js";
import { kinds, search as words } from "../../messages.vi.json";

/** @typedef {import("./finder.js").Known} Known */

const MAX_SHOWN = 50;
const AROUND = 70;

export function showFound(/** @type {HTMLElement} */ place, /** @type {Known[]} */ found, /** @type {string} */ asked) {
  const typed = asked.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
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
  if (!hit) {
    place.textContent = cut(text.slice(0, 2 * AROUND), text.length > 2 * AROUND);
    return place;
  }
  const from = Math.max(0, text.indexOf(" ", Math.max(0, hit.from - AROUND)) * (hit.from > AROUND ? 1 : 0));
  const mark = document.createElement("mark");
  mark.textContent = text.slice(hit.from, hit.to);
  place.append(
    (from > 0 ? "… " : "") + text.slice(from, hit.from).trimStart(),
    mark,
    cut(text.slice(hit.to, hit.to + AROUND), text.length > hit.to + AROUND),
  );
  return place;
}

/** @returns {{from: number, to: number} | null} first with the accents that were typed */
function firstHit(/** @type {string} */ text, /** @type {string[]} */ typed) {
  const found = [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)];
  for (const same of [
    (/** @type {string} */ word, /** @type {string} */ own) => exact(own) === exact(word),
    (/** @type {string} */ word, /** @type {string} */ own) => fold(own) === fold(word),
    (/** @type {string} */ word, /** @type {string} */ own) => fold(own).startsWith(fold(word)),
  ]) {
    for (const word of typed) {
      const hit = found.find((own) => same(word, own[0]));
      if (hit) return { from: hit.index, to: hit.index + hit[0].length };
    }
  }
  return null;
}

function cut(/** @type {string} */ text, /** @type {boolean} */ isCut) {
  return isCut ? `${text.slice(0, text.lastIndexOf(" ") + 1 || undefined)}…` : text;
}
