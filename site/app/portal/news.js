/** What is new: since the reader's last visit to a meeting, and of the page that is open. */

import { reader as words } from "../../messages.vi.json";
import { fill } from "../words.js";

/** @typedef {import("../progress.js").Progress} Progress */
/** @typedef {import("../progress.js").Renewed} Renewed */
/** @typedef {Record<string, string>} Seen what each path was when the reader last looked */

const READ = /^(?:t|hoi-nghi)\/[^.]*\.html$|^tep\//;
const SHORT = 12;
let isShown = false;

export function showNewer(/** @type {Renewed} */ told) {
  const path = document.documentElement.dataset.path ?? "";
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-newer]"));
  if (!place || !told.paths.includes(path)) return;
  place.hidden = false;
  /** @type {HTMLButtonElement} */ (place.querySelector("button")).onclick = () => location.reload();
}

/** Tell on a meeting's page what has changed since it was last open on this device. */
export function showSince(/** @type {Progress} */ told) {
  const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-since]"));
  const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-keep]"))?.dataset.keep;
  if (!place || told.list !== list || told.lines.length === 0 || isShown) return;
  isShown = true;
  /** @type {Seen} */
  const now = {};
  for (const [path, sha256] of told.lines) if (READ.test(path)) now[path] = sha256.slice(0, SHORT);
  const before = remember(`seen:${list}`, now);
  if (!before) return;
  const lines = [...marks(before, now)];
  place.hidden = lines.length === 0;
  place.querySelector("ul")?.replaceChildren(...lines);
}

/** One line a path that is new or other than before; its link on the page is marked too.
 * @param {Seen} before @param {Seen} now @returns {Iterable<HTMLLIElement>} */
function* marks(before, now) {
  const own = document.documentElement.dataset.path;
  for (const [path, sha] of Object.entries(now)) {
    if (before[path] === sha) continue;
    const state = before[path] ? "changed" : "new";
    const links = [...document.querySelectorAll(`[data-of="${path}"] > a`)];
    const line = document.createElement("li");
    if (path === own) line.textContent = words["since.page"];
    else if (links.length > 0) line.textContent = fill(words[`since.${state}`], { title: links[0].textContent });
    else continue; // a further part or a file of a material that is told already
    for (const link of links) {
      const mark = document.createElement("span");
      mark.className = "fresh";
      mark.textContent = ` ● ${words[`fresh.${state}`]}`;
      link.after(mark);
    }
    yield line;
  }
}

/** @param {string} key @param {Seen} now @returns {Seen | null} */
function remember(key, now) {
  try {
    const before = localStorage.getItem(key);
    localStorage.setItem(key, JSON.stringify(now));
    return before && JSON.parse(before);
  } catch {
    return null; // private browsing, or no room: nothing is told
  }
}
