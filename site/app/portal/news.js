/** Shows what has changed at a meeting since the reader's last visit, and offers newer versions of
 * the open page. */

import { reader as words } from "../../messages.vi.json";
import { fill } from "../words.js";

/** @typedef {import("../worker-messages.js").Progress} Progress */
/** @typedef {import("../worker-messages.js").Renewed} Renewed */
/** @typedef {Record<string, string>} Seen the first 12 digits of every file's sha256, by path */

const READABLE = /^(?:t|hoi-nghi)\/[^.]*\.html$|^tep\//;
const SHA_CHARS = 12;
let isShown = false;

/** Offer to reload the open page if the service worker has saved a newer version of it. */
export function offerNewerPage(/** @type {Renewed} */ renewed) {
  const path = document.documentElement.dataset.path ?? "";
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-newer]"));
  if (!place || !renewed.paths.includes(path)) return;
  place.hidden = false;
  /** @type {HTMLButtonElement} */ (place.querySelector("button")).onclick = () => location.reload();
}

/** On a meeting's page, list what has changed since this device last opened the page. Only the
 * first call has an effect. */
export function showChanges(/** @type {Progress} */ progress) {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-since]"));
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-keep]"))?.dataset.keep;
  if (!place || progress.list !== list || progress.lines.length === 0 || isShown) return;
  isShown = true;
  /** @type {Seen} */
  const now = {};
  for (const [path, sha256] of progress.lines) if (READABLE.test(path)) now[path] = sha256.slice(0, SHA_CHARS);
  const before = replaceSeen(`seen:${list}`, now);
  if (!before) return;
  const lines = [...changeItems(before, now)];
  place.hidden = lines.length === 0;
  place.querySelector("ul")?.replaceChildren(...lines);
}

/** Yield a list item for every new or changed path that the page links to, and mark these links as
 * new or changed.
 * @param {Seen} before @param {Seen} now @returns {Iterable<HTMLLIElement>} */
function* changeItems(before, now) {
  const openPath = document.documentElement.dataset.path;
  for (const [path, sha] of Object.entries(now)) {
    if (before[path] === sha) continue;
    const state = before[path] ? "changed" : "new";
    const links = [...document.querySelectorAll(`[data-of="${path}"] > a`)];
    const line = document.createElement("li");
    if (path === openPath) line.textContent = words["since.page"];
    else if (links.length > 0) line.textContent = fill(words[`since.${state}`], { title: links[0].textContent });
    else continue; // another part or file of a material that is already listed
    for (const link of links) {
      const mark = document.createElement("span");
      mark.className = "fresh";
      mark.textContent = ` ● ${words[`fresh.${state}`]}`;
      link.after(mark);
    }
    yield line;
  }
}

/** Store the current paths and hashes in local storage, and return the previous content. Return
 * null on the first visit, or if local storage cannot be used.
 * @param {string} key @param {Seen} now @returns {Seen | null} */
function replaceSeen(key, now) {
  try {
    const before = localStorage.getItem(key);
    localStorage.setItem(key, JSON.stringify(now));
    return before && JSON.parse(before);
  } catch {
    return null; // in private windows or without space, the page lists no changes
  }
}
