/**
 * The office's pages work without this: forms and redirects. With it the board renews itself and
 * long forms tell what they would change. No code stands in a page, so htmx may evaluate none.
 */
import htmx from "htmx.org";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // pages hold what is personal

// A box that ticks or clears the others of its form.
document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!box.matches("[data-ticks]")) return;
  for (const each of document.querySelectorAll(`input[name="${box.dataset.ticks}"]`)) {
    /** @type {HTMLInputElement} */ (each).checked = box.checked;
  }
});

for (const each of document.querySelectorAll("[data-js]")) {
  /** @type {HTMLElement} */ (each).hidden = false; // what would do nothing without this
}

/** Say of when the board is: an update or a 304 makes it fresh, a line that fails makes it stale. */
let heardAt = new Date();
function tellAsOf(/** @type {boolean} */ isFresh) {
  const live = document.getElementById("live");
  const told = document.getElementById("as-of");
  if (!live || !told) return;
  if (isFresh) heardAt = new Date();
  const words = (isFresh ? live.dataset.fresh : live.dataset.stale) ?? "";
  told.textContent = words.replace("{at}", heardAt.toLocaleTimeString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" }));
  told.classList.toggle("fault", !isFresh);
}
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = /** @type {CustomEvent} */ (event).detail;
  if (elt.id === "live") tellAsOf(xhr.status === 200 || xhr.status === 304);
});
tellAsOf(true);

document.addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("[data-print]")) window.print();
});
