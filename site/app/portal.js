/** Enhances the reader's pages, which are complete without this script: agenda, saved meetings,
 * news of changes. */

import { followAgenda, showNextMeeting } from "./portal/agenda.js";
import { offerSaving, showWanted } from "./portal/keeping.js";
import { offerNewerPage, showChanges } from "./portal/news.js";
import { listen, askWorker } from "./portal/worker.js";
import { reader as words } from "../messages.vi.json";

/** Show a message in the footer while the server cannot be reached, so that nobody waits for a page
 * in vain. */
function showLineState(/** @type {boolean} */ isOpen) {
  const place = document.querySelector("[data-line]");
  if (place) place.textContent = isOpen ? "" : words["line.offline"];
}

showNextMeeting();
followAgenda();
showLineState(navigator.onLine);
addEventListener("offline", () => showLineState(false));
if ("serviceWorker" in navigator && location.protocol !== "file:") {
  const root = document.documentElement.dataset.root ?? "";
  // Browsers refuse the registration in private windows, for example.
  navigator.serviceWorker.register(`${root}sw.js`).then(startWithWorker, showNothingIsSaved);
} else {
  showNothingIsSaved();
}

/** On the page of saved meetings, explain that this browser cannot save any. Do nothing on other
 * pages. */
function showNothingIsSaved() {
  const place = document.querySelector("[data-saved-total]");
  if (place) place.textContent = words["kept.cannot"];
}

function startWithWorker() {
  listen((message) => {
    if (message.type === "renewed") offerNewerPage(message);
    else if (message.type === "wanted") showWanted(message);
    else if (message.type === "line") showLineState(message.isOpen);
    else showChanges(message);
  });
  offerSaving();
  void askWorker({ type: "refresh" });
  addEventListener("online", () => askWorker({ type: "refresh" }));
}
