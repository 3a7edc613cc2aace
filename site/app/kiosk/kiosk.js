/** The kiosk: opens the store, shows either the enrolment or the roll, registers the worker. */

import { html, render } from "htm/preact";

import { startClock } from "./clock.js";
import { Enrolment } from "./enrolment.js";
import { RollCall } from "./roll-call.js";
import { getMeta, openStore } from "./store.js";
import { say } from "./say.js";

const place = /** @type {HTMLElement} */ (document.getElementById("kiosk"));

async function start() {
  if (location.protocol === "file:") {
    place.textContent = say("from_disk"); // as from a USB stick: no worker, one store for all pages
    return;
  }
  const db = await openStore();
  const clock = startClock();
  const show = async () => {
    const enrolment = await getMeta(db, "enrolment");
    render(
      enrolment
        ? html`<${RollCall} db=${db} clock=${clock} enrolment=${enrolment} />`
        : html`<${Enrolment} db=${db} onDone=${show} />`,
      place,
    );
  };
  await show();
}

start().catch(() => {
  place.textContent = say("no_store");
});
if ("serviceWorker" in navigator && location.protocol !== "file:") {
  void navigator.serviceWorker.register("../sw.js");
  const refresh = () =>
    navigator.serviceWorker.ready.then((ready) => ready.active?.postMessage({ type: "refresh" }));
  void refresh();
  addEventListener("online", refresh); // a first visit that was cut goes on
}
