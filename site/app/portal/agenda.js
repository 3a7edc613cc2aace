/** Marks the current agenda item and shows the current or next meeting, by the device's clock. */

const EVERY_MS = 30_000;

/** Mark the current agenda item now and then every 30 seconds. */
export function followAgenda() {
  markPresentItem();
  setInterval(markPresentItem, EVERY_MS);
}

function markPresentItem() {
  const now = Date.now();
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-from]"))) {
    const isOn = now >= Date.parse(item.dataset.from ?? "") && now < Date.parse(item.dataset.to ?? "");
    item.toggleAttribute("aria-current", isOn);
    /** @type {HTMLElement} */ (item.querySelector(".now")).hidden = !isOn;
  }
}

/** Show only the meeting that ends next, and hide the others. If all meetings are over, show the
 * first on the page. */
export function showNextMeeting() {
  const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-next-to]")]);
  const ends = (/** @type {HTMLElement} */ card) => Date.parse(card.dataset.nextTo ?? "");
  const ahead = cards.filter((card) => ends(card) > Date.now()).sort((a, b) => ends(a) - ends(b));
  const next = ahead[0] ?? cards[0];
  for (const card of cards) card.hidden = card !== next;
}
