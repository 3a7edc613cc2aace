/** The reader's pages, enhanced: kept for offline, the present agenda item, a code typed by hand. */

import { portal as words } from "../messages.vi.json";
import { fill } from "./words.js";

const root = document.documentElement.dataset.root ?? "";

/** @typedef {import("./progress.js").Progress} Progress */

/** Send a wish to the service worker; without one (http, an old browser) nothing happens. */
async function wish(/** @type {object} */ message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage(message);
}

function megabytes(/** @type {number} */ bytes) {
  return (bytes / 1e6).toFixed(2).replace(".", ",");
}

/** Show how far a list is kept, in files and megabytes, and why it stands still if it does. */
function showProgress(/** @type {HTMLElement} */ box, /** @type {Progress} */ progress) {
  const state = /** @type {HTMLElement} */ (box.querySelector("[data-state]"));
  const button = /** @type {HTMLButtonElement} */ (box.querySelector("button"));
  const isWhole = progress.done === progress.files;
  const facts = { done: progress.done, files: progress.files, mb: megabytes(progress.bytes) };
  state.textContent = isWhole
    ? fill(words["kept.whole"], facts)
    : fill(progress.fault ? words["kept.cut"] : words["kept.part"], facts);
  button.hidden = isWhole;
  button.textContent = progress.done ? words["keep.resume"] : words["keep.start"];
}

function offerKeeping() {
  const boxes = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-keep]"));
  navigator.serviceWorker.addEventListener("message", (event) => {
    const progress = /** @type {Progress} */ (event.data);
    for (const box of boxes) {
      if (progress.type === "kept" && progress.list === box.dataset.keep) showProgress(box, progress);
    }
  });
  for (const box of boxes) {
    box.hidden = false;
    const list = box.dataset.keep;
    box.querySelector("button")?.addEventListener("click", () => wish({ type: "keep", list }));
    void wish({ type: "state", list });
  }
  addEventListener("online", () => wish({ type: "refresh" }));
  void wish({ type: "refresh" });
}

/** Mark the agenda item that is on by the reader's own clock. */
function markPresentItem() {
  const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-from]")]);
  const now = Date.now();
  for (const item of items) {
    const isOn = now >= Date.parse(item.dataset.from ?? "") && now < Date.parse(item.dataset.to ?? "");
    const mark = /** @type {HTMLElement} */ (item.querySelector(".now"));
    mark.hidden = !isOn;
  }
}

/** Show on the home page the meeting that is on or comes next by the reader's own clock. */
function showNextMeeting() {
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-next-to]")]);
  const ends = (/** @type {HTMLElement} */ card) => Date.parse(card.dataset.nextTo ?? "");
  const ahead = cards.filter((card) => ends(card) > Date.now()).sort((a, b) => ends(a) - ends(b));
  const next = ahead[0] ?? cards[0];
  for (const card of cards) card.hidden = card !== next;
}

/** Lead from a code typed by hand, as it is printed under a QR code, to its material. */
function followCodes() {
  const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-codes]"));
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    const code = String(new FormData(form).get("code")).toLowerCase().replace(/[^a-z0-9]/g, "");
    const known = (form.dataset.codes ?? "").split(" ");
    const fault = /** @type {HTMLElement} */ (form.querySelector("[role=alert]"));
    fault.hidden = known.includes(code);
    if (fault.hidden) location.href = `${root}t/${code}.html`;
  });
  if (form) form.hidden = false;
}

showNextMeeting();
markPresentItem();
setInterval(markPresentItem, 30_000);
followCodes();
if ("serviceWorker" in navigator && location.protocol !== "file:") {
  void navigator.serviceWorker.register(`${root}sw.js`);
  offerKeeping();
}
