/**
 * Enhancements of the office's pages, which work without them as forms and redirects: the board
 * refreshes itself, and long forms preview their changes. Pages hold no code for htmx to evaluate.
 */
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages hold personal data

// A checkbox that ticks or clears all checkboxes of the name in `data-ticks`.
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

/** When the server last sent the board, or 304 for an unchanged one; a failure does not count. */
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
