/** Runs the kiosk: opens the database, shows the enrolment page, the lock or the desk, and starts
 * the sync. */

import { html, render } from "htm/preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { startClock } from "./device/clock.js";
import { codeInLink, Enrolment } from "./device/enrolment.js";
import { explainFormFaults } from "../form-faults.js";
import { keepSyncing } from "./sync/keep-syncing.js";
import { Lock } from "./device/lock.js";
import { saveShell } from "./device/offline-shell.js";
import { countFates, dropOldRecords, listEnrolments, openStore } from "./device/store.js";
import { say } from "./words/messages.js";

const root = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
explainFormFaults();
const loadDesk = () => import("./desk/lazy-desk.js");

/** @typedef {import("./desk/desk.js").Desk} Desk */

/** Show the page for the kiosk's state: enrolment, lock, or the unlocked desk. If the desk's code
 * cannot be loaded, show a message with a button to reload.
 * @param {{db: import("./device/store.js").Database, clock: () => import("./device/clock.js").ClockReading}} props */
function Kiosk({ db, clock }) {
  const [allEnrolments, setAllEnrolments] = useState(/** @type {import("./types.js").Enrolment[] | null} */ (null));
  const [desk, setDesk] = useState(/** @type {Desk | null} */ (null));
  const [unsent, setUnsent] = useState(0);
  const [isEnrolling, setEnrolling] = useState(codeInLink() !== "");
  const [deskModule, setDeskModule] = useState(/** @type {typeof import("./desk/lazy-desk.js") | null} */ (null));
  const [isMissing, setMissing] = useState(false);
  const openDesk = useRef(/** @type {Desk | null} */ (null));
  const send = useRef(() => {});
  const firstScans = useRef(/** @type {string[]} */ ([]));

  const refreshEnrolments = useCallback(async () => {
    const storedEnrolments = await listEnrolments(db);
    setAllEnrolments(storedEnrolments);
    setUnsent((await countFates(db)).unsent);
    const openEnrolment = storedEnrolments.find((enrolment) => enrolment.device === openDesk.current?.enrolment.device);
    if (openEnrolment?.lost) lock(); // the open vault was wiped
  }, [db]);

  useEffect(() => {
    void refreshEnrolments();
    void dropOldRecords(db, Date.now());
    loadDesk().then(setDeskModule, () => setMissing(true));
    send.current = keepSyncing(db, clock, () => openDesk.current?.reader ?? null, {
      began: () => openDesk.current?.syncBegan(),
      ended: (outcome) => void (openDesk.current?.syncEnded(outcome) ?? Promise.resolve()).then(refreshEnrolments),
    });
  }, [db, clock, refreshEnrolments]);

  function lock() {
    openDesk.current?.close();
    openDesk.current = null;
    setDesk(null);
    void refreshEnrolments();
  }

  /** Open the desk of a vault. `scans` are codes that were scanned while the PIN was tried.
   * @param {import("./desk/desk.js").UnlockedVault} unlockedVault @param {string[]} [scans] */
  async function unlock(unlockedVault, scans = []) {
    const { Desk } = await loadDesk();
    const newDesk = new Desk(db, clock, unlockedVault, () => send.current());
    await newDesk.reload();
    openDesk.current = newDesk;
    // Not awaited, because some browsers ask the user, who may answer late.
    void navigator.storage?.persist?.();
    setEnrolling(false);
    firstScans.current = scans;
    setDesk(newDesk);
    void refreshEnrolments();
    send.current();
  }

  if (isMissing) {
    return html`<main class="enrol">
      <p class="notice bad" role="alert">${say("desk.missing")}</p>
      <button class="main" onClick=${() => location.reload()}>${say("desk.again")}</button>
    </main>`;
  }
  if (!allEnrolments) return null;
  if (desk && deskModule) return html`<${deskModule.DeskView} desk=${desk} firstScans=${firstScans.current} onLock=${lock} onEnrol=${() => { lock(); setEnrolling(true); }} />`;
  if (isEnrolling || allEnrolments.length === 0) {
    const back = allEnrolments.length > 0 ? () => setEnrolling(false) : null;
    return html`<${Enrolment} db=${db} onDone=${unlock} onBack=${back} />`;
  }
  return html`<${Lock} db=${db} all=${allEnrolments} unsent=${unsent} onOpen=${unlock} onEnrol=${() => setEnrolling(true)} />`;
}

async function start() {
  if (!isSecureContext) {
    root.textContent = say("insecure"); // without HTTPS, browsers offer no encryption functions
    return;
  }
  const db = openStore();
  await db.run(async () => undefined); // fails here, before anything is shown, if the browser cannot store data
  root.textContent = "";
  render(html`<${Kiosk} db=${db} clock=${startClock()} />`, root);
}

start().catch(() => {
  root.textContent = say("no_store");
});
saveShell();
