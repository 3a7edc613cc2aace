/** The reader's pages, enhanced. Each is whole without this: it is read before this has come. */

import { followAgenda, showNextMeeting } from "./portal/agenda.js";
import { offerKeeping, showWanted } from "./portal/keeping.js";
import { showNewer, showSince } from "./portal/news.js";
import { listen, wish } from "./portal/worker.js";
import { reader as words } from "../messages.vi.json";

/** Say in the footer that there is no line, so that nobody waits for what cannot come. */
function tellLine(/** @type {boolean} */ isOpen) {
  const place = document.querySelector("[data-line]");
  if (place) place.textContent = isOpen ? "" : words["line.offline"];
}

showNextMeeting();
followAgenda();
tellLine(navigator.onLine);
addEventListener("offline", () => tellLine(false));
if ("serviceWorker" in navigator && location.protocol !== "file:") {
  const root = document.documentElement.dataset.root ?? "";
  // Where it is refused, as in private windows, nothing can be kept and nothing is offered.
  navigator.serviceWorker.register(`${root}sw.js`).then(withWorker, () => undefined);
}

function withWorker() {
  listen((told) => {
    if (told.type === "renewed") showNewer(told);
    else if (told.type === "wanted") showWanted(told);
    else if (told.type === "line") tellLine(told.isOpen);
    else showSince(told);
  });
  offerKeeping();
  void wish({ type: "refresh" });
  addEventListener("online", () => wish({ type: "refresh" }));
}
