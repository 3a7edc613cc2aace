/**
 * Enhances the office's pages: refreshes the board, previews changes in long forms, ticks groups
 * of checkboxes and prints. Without this script, the pages work as plain forms. `allowEval` is
 * off, because no page contains code that htmx should run.
 */
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // the history cache would store pages with personal data in the browser

// A checkbox with the attribute `data-ticks` ticks or clears all checkboxes of that name.
document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!box.matches("[data-ticks]")) return;
  for (const checkbox of document.querySelectorAll(`input[name="${box.dataset.ticks}"]`)) {
    /** @type {HTMLInputElement} */ (checkbox).checked = box.checked;
  }
});

for (const element of document.querySelectorAll("[data-js]")) {
  /** @type {HTMLElement} */ (element).hidden = false; // these elements do nothing without this script
}

/** When the server last sent the board or answered 304 (unchanged). Failed requests do not change
 * this time. */
let lastAnsweredAt = new Date();
function showAsOf(/** @type {boolean} */ isFresh) {
  const live = document.getElementById("live");
  const asOf = document.getElementById("as-of");
  if (!live || !asOf) return;
  if (isFresh) lastAnsweredAt = new Date();
  const words = (isFresh ? live.dataset.fresh : live.dataset.stale) ?? "";
  asOf.textContent = words.replace("{at}", lastAnsweredAt.toLocaleTimeString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" }));
  asOf.classList.toggle("fault", !isFresh);
}
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = /** @type {CustomEvent} */ (event).detail;
  if (elt.id === "live") showAsOf(xhr.status === 304 || (xhr.status === 200 && xhr.getResponseHeader("Diemcau-Board") !== null));
});
showAsOf(true);

document.addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("[data-print]")) window.print();
});
