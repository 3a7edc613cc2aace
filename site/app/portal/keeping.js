/** Runs the boxes in which a reader saves a meeting for offline use: start, progress, resume and
 * clear. */

import { reader as words } from "../../messages.vi.json";
import { fill } from "../words.js";
import { listen, askWorker } from "./worker.js";

/** @typedef {import("../worker-messages.js").Progress} Progress */
/** @typedef {import("../worker-messages.js").Wanted} Wanted */

const FAULT_KEYS = { network: "kept.cut", changed: "kept.changed", full: "kept.full" };

function megabytes(/** @type {number} */ bytes) {
  return (bytes / 1e6).toFixed(2).replace(".", ",");
}

const RETRY_MS = 20_000;
/** Timers, by list, that retry an interrupted list after 20 s. Not every device reports that it is
 * online again.
 * @type {Map<string, number>} */
const retries = new Map();

/** Return the element of a save box that shows its state. @returns {HTMLElement} */
function stateOf(/** @type {HTMLElement} */ box) {
  return /** @type {HTMLElement} */ (box.querySelector("[data-state]"));
}

/** Return all boxes on the page in which a reader can save a list of files.
 * @returns {HTMLElement[]} */
function saveBoxes() {
  return [...document.querySelectorAll("[data-keep]")].map((box) => /** @type {HTMLElement} */ (box));
}

/** Show the boxes that save a meeting, and connect their buttons to the service worker. Retry a
 * list 20 s after the network interrupted it. */
export function offerSaving() {
  listen((message) => {
    if (message.type !== "kept") return;
    for (const box of saveBoxes()) if (box.dataset.keep === message.list) showProgress(box, message);
    clearTimeout(retries.get(message.list));
    if (message.fault !== "network") return;
    retries.set(message.list, window.setTimeout(() => askWorker({ type: "keep", list: message.list }), RETRY_MS));
  });
  for (const box of saveBoxes()) {
    const list = box.dataset.keep;
    const [keepButton, forgetButton] = /** @type {HTMLButtonElement[]} */ ([...box.querySelectorAll("[data-do]")]);
    keepButton.onclick = () => {
      keepButton.disabled = true;
      stateOf(box).textContent = words["kept.starting"];
      void askWorker({ type: "keep", list });
      void navigator.storage?.persist?.(); // not awaited, because some browsers never answer
    };
    forgetButton.onclick = () => askWorker({ type: "forget", list });
    box.hidden = false;
    const type = document.querySelector("[data-since]") ? "follow" : "state";
    if (!box.closest("[data-only-kept]")) void askWorker({ type, list });
  }
  if (document.querySelector("[data-saved-total]")) void askWorker({ type: "wanted" });
}

/** Show in a box how much of its list is saved, in files and megabytes, and any fault that stopped
 * the saving. */
function showProgress(/** @type {HTMLElement} */ box, /** @type {Progress} */ progress) {
  const part = /** @type {<T extends Element>(at: string) => T} */ ((at) => box.querySelector(at));
  const values = {
    done: progress.done,
    files: progress.files,
    part: megabytes(progress.doneBytes),
    mb: megabytes(progress.bytes),
    rest: megabytes(progress.bytes - progress.doneBytes),
  };
  const isWhole = progress.files > 0 && progress.done === progress.files;
  const state = !progress.isWanted
    ? "kept.none"
    : isWhole
      ? "kept.whole"
      : progress.fault
        ? progress.files > 0 ? FAULT_KEYS[progress.fault] : "kept.no_line"
        : "kept.part";
  stateOf(box).textContent = fill(words[/** @type {keyof typeof words} */ (state)], values);
  const bar = /** @type {HTMLElement} */ (part(".bar-of-progress"));
  bar.hidden = isWhole || !progress.isWanted || progress.files === 0;
  /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${(100 * progress.doneBytes) / progress.bytes}%`;
  const keepButton = /** @type {HTMLButtonElement} */ (part("[data-do=keep]"));
  keepButton.hidden = isWhole && progress.isWanted;
  keepButton.disabled = progress.isWanted && !progress.fault;
  keepButton.textContent = progress.isWanted ? words["keep.resume"] : fill(words["keep.start"], values);
  /** @type {HTMLElement} */ (part("[data-do=forget]")).hidden = !progress.isWanted;
}

/** On the page of saved meetings, show only the meetings that the reader wants to save, their total
 * size, and a button that clears all of these meetings. Do nothing on other pages. */
export function showWanted(/** @type {Wanted} */ wanted) {
  const place = document.querySelector("[data-saved-total]");
  if (!place) return;
  // Other lists, such as the kiosk, are not meetings.
  const meetings = wanted.lists.filter((list) => list.startsWith("m-"));
  const total = fill(words["kept.total"], { mb: megabytes(wanted.bytes) });
  place.textContent = meetings.length > 0 ? total : words["kept.nothing"];
  const clearAllButton = /** @type {HTMLButtonElement} */ (document.querySelector("[data-forget-all]"));
  clearAllButton.hidden = meetings.length === 0;
  clearAllButton.onclick = () => meetings.forEach((list) => askWorker({ type: "forget", list }));
  for (const box of saveBoxes()) {
    const isWanted = wanted.lists.includes(box.dataset.keep ?? "");
    /** @type {HTMLElement} */ (box.closest("[data-only-kept]")).hidden = !isWanted;
    if (isWanted) void askWorker({ type: "state", list: box.dataset.keep });
  }
}
