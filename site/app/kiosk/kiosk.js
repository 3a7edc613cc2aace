/** The kiosk: opens the store, then shows the enrolment, the lock or the desk; it always sends. */

import { html, render } from "htm/preact";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

import { startClock } from "./clock.js";
import { codeInLink, Enrolment } from "./enrolment.js";
import { keepSyncing } from "./keep-syncing.js";
import { Lock } from "./lock.js";
import { keepShell } from "./shell.js";
import { countFates, dropOld, enrolments, openStore } from "./store.js";
import { say } from "./say.js";

const place = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
const loadDesk = () => import("./desk-room.js");

/** @typedef {import("./desk.js").Desk} Desk */

/** @param {{db: import("./store.js").Database, clock: () => import("./clock.js").Reading}} props */
function Kiosk({ db, clock }) {
  const [all, setAll] = useState(/** @type {import("./types.js").Enrolment[] | null} */ (null));
  const [desk, setDesk] = useState(/** @type {Desk | null} */ (null));
  const [unsent, setUnsent] = useState(0);
  const [isEnrolling, setEnrolling] = useState(codeInLink() !== "");
  const [room, setRoom] = useState(/** @type {typeof import("./desk-room.js") | null} */ (null));
  const [isMissing, setMissing] = useState(false);
  const open = useRef(/** @type {Desk | null} */ (null));
  const send = useRef(() => {});

  const look = useCallback(async () => {
    const found = await enrolments(db);
    setAll(found);
    setUnsent((await countFates(db)).unsent);
    const own = found.find((each) => each.device === open.current?.enrolment.device);
    if (own?.lost) lock(); // what it had before it is gone
  }, [db]);

  useEffect(() => {
    void look();
    void dropOld(db, Date.now());
    loadDesk().then(setRoom, () => setMissing(true));
    send.current = keepSyncing(db, clock, () => open.current?.reader ?? null, {
      began: () => open.current?.began(),
      ended: (outcome) => void (open.current?.synced(outcome) ?? Promise.resolve()).then(look),
    });
  }, [db, clock, look]);

  function lock() {
    open.current?.close();
    open.current = null;
    setDesk(null);
    void look();
  }

  async function unlock(/** @type {import("./desk.js").Opened} */ opened) {
    const { Desk } = await loadDesk();
    const own = new Desk(db, clock, opened, () => send.current());
    await own.reload();
    open.current = own;
    void navigator.storage?.persist?.(); // never awaited: some browsers ask, and are answered when people like
    setEnrolling(false);
    setDesk(own);
    void look();
    send.current();
  }

  if (isMissing) {
    return html`<main class="enrol">
      <p class="notice bad" role="alert">${say("desk.missing")}</p>
      <button class="main" onClick=${() => location.reload()}>${say("desk.again")}</button>
    </main>`;
  }
  if (!all) return null;
  if (desk && room) return html`<${room.DeskView} desk=${desk} onLock=${lock} onEnrol=${() => { lock(); setEnrolling(true); }} />`;
  if (isEnrolling || all.length === 0) {
    const back = all.length > 0 ? () => setEnrolling(false) : null;
    return html`<${Enrolment} db=${db} onDone=${unlock} onBack=${back} />`;
  }
  return html`<${Lock} db=${db} all=${all} unsent=${unsent} onOpen=${unlock} onEnrol=${() => setEnrolling(true)} />`;
}

async function start() {
  if (!isSecureContext) {
    place.textContent = say("insecure"); // no encryption, no worker, and a token would travel in the open
    return;
  }
  const db = await openStore();
  place.textContent = "";
  render(html`<${Kiosk} db=${db} clock=${startClock()} />`, place);
}

start().catch(() => {
  place.textContent = say("no_store");
});
keepShell();
