/** The boxes that keep a meeting for offline: how far it is, go on, clear. */

import { reader as words } from "../../messages.vi.json";
import { fill } from "../words.js";
import { listen, wish } from "./worker.js";

/** @typedef {import("../progress.js").Progress} Progress */
/** @typedef {import("../progress.js").Wanted} Wanted */

const STEP = { network: "kept.cut", changed: "kept.changed", full: "kept.full" };

function megabytes(/** @type {number} */ bytes) {
  return (bytes / 1e6).toFixed(2).replace(".", ",");
}

/** @returns {HTMLElement[]} */
function boxes() {
  return [...document.querySelectorAll("[data-keep]")].map((box) => /** @type {HTMLElement} */ (box));
}

export function offerKeeping() {
  listen((told) => {
    if (told.type !== "kept") return;
    for (const box of boxes()) if (box.dataset.keep === told.list) show(box, told);
  });
  for (const box of boxes()) {
    const list = box.dataset.keep;
    const [keep, forget] = /** @type {HTMLButtonElement[]} */ ([...box.querySelectorAll("[data-do]")]);
    keep.onclick = () => {
      keep.disabled = true;
      void wish({ type: "keep", list });
      void navigator.storage?.persist?.(); // never awaited: some browsers never answer
    };
    forget.onclick = () => wish({ type: "forget", list });
    box.hidden = false;
    const type = document.querySelector("[data-since]") ? "follow" : "state";
    if (!box.closest("[data-only-kept]")) void wish({ type, list });
  }
  if (document.querySelector("[data-kept-told]")) void wish({ type: "wanted" });
}

/** Show how far a list is kept, in files and megabytes, and why it stands still if it does. */
function show(/** @type {HTMLElement} */ box, /** @type {Progress} */ told) {
  const part = /** @type {<T extends Element>(at: string) => T} */ ((at) => box.querySelector(at));
  const facts = {
    done: told.done,
    files: told.files,
    part: megabytes(told.doneBytes),
    mb: megabytes(told.bytes),
    rest: megabytes(told.bytes - told.doneBytes),
  };
  const isWhole = told.done === told.files;
  const state = !told.isWanted
    ? "kept.none"
    : isWhole
      ? "kept.whole"
      : told.fault
        ? STEP[told.fault]
        : "kept.part";
  part("[data-state]").textContent = fill(words[/** @type {keyof typeof words} */ (state)], facts);
  const bar = /** @type {HTMLElement} */ (part(".bar-of-progress"));
  bar.hidden = isWhole || !told.isWanted;
  /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${(100 * told.doneBytes) / told.bytes}%`;
  const keep = /** @type {HTMLButtonElement} */ (part("[data-do=keep]"));
  keep.hidden = isWhole && told.isWanted;
  keep.disabled = told.isWanted && !told.fault;
  keep.textContent = told.isWanted ? words["keep.resume"] : fill(words["keep.start"], facts);
  /** @type {HTMLElement} */ (part("[data-do=forget]")).hidden = !told.isWanted;
}

/** On the page of what is kept: only that, with its size, and a way to clear all of it. */
export function showWanted(/** @type {Wanted} */ told) {
  const place = document.querySelector("[data-kept-told]");
  if (!place) return;
  const meetings = told.lists.filter((list) => list.startsWith("m-")); // a hall's kiosk is none of them
  const total = fill(words["kept.total"], { mb: megabytes(told.bytes) });
  place.textContent = meetings.length > 0 ? total : words["kept.nothing"];
  const all = /** @type {HTMLButtonElement} */ (document.querySelector("[data-forget-all]"));
  all.hidden = meetings.length === 0;
  all.onclick = () => meetings.forEach((list) => wish({ type: "forget", list }));
  for (const box of boxes()) {
    const isWanted = told.lists.includes(box.dataset.keep ?? "");
    /** @type {HTMLElement} */ (box.closest("[data-only-kept]")).hidden = !isWanted;
    if (isWanted) void wish({ type: "state", list: box.dataset.keep });
  }
}
