/** The desk as a page: header, what one is at, and over them the answer and the person at hand. */

import { html } from "htm/preact";
import { useEffect, useReducer, useState } from "preact/hooks";

import { WORKED } from "./desk.js";
import { Header, Notices } from "./header.js";
import { stateOf } from "./meetings.js";
import { Answer } from "./person.js";
import { waitingOf } from "./requests.js";
import { RollCall } from "./roll-call.js";
import { say, timeOf } from "./say.js";
import { SHELL_LIST, useKept } from "./shell.js";

const ANSWER_MS = 2500;
const IDLE_MS = 15 * 60_000;

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./person.js").Shown} Shown
 * @typedef {{desk: Desk, onAnswer: (shown: Shown) => void, onPerson: (person: string) => void,
 *   onEnrol: () => void, onLock: () => void}} ViewProps
 */

const loadRooms = () => import("./rooms.js");

/** @typedef {"roll" | "chair" | "hall" | "seats" | "queue" | "device"} Room */

/** @type {Room[]} */
const OF_CLERK = ["roll", "hall", "seats", "queue", "device"];
/** @type {Room[]} */
const OF_CHAIR = ["chair", "roll", "queue", "device"];

/** @param {{desk: Desk, onLock: () => void, onEnrol: () => void}} props */
export function DeskView({ desk, onLock, onEnrol }) {
  const [, changed] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const rooms = desk.isChair ? OF_CHAIR : OF_CLERK;
  const [room, setRoom] = useState(rooms[0]);
  const [shown, setShown] = useState(/** @type {Shown | null} */ (null));
  const [person, setPerson] = useState(/** @type {string | null} */ (null));
  const { isKept } = useKept(SHELL_LIST);
  const isCheap = isKept || desk.outcome?.state === "sent";

  useEffect(() => desk.listen(() => changed(0)), [desk]);
  useEffect(() => {
    // A page that has all its rooms works on without a line, and beside a newer version.
    if (isCheap) for (const load of [loadRooms, () => import("./seal.js")]) load().catch(() => undefined);
  }, [isCheap]);
  useEffect(() => lockWhenIdle(onLock), [onLock]);
  useEffect(() => {
    const warn = (/** @type {BeforeUnloadEvent} */ event) => {
      if (desk.fates.unsent > 0) event.preventDefault();
    };
    addEventListener("beforeunload", warn);
    return () => removeEventListener("beforeunload", warn);
  }, [desk]);
  useEffect(() => {
    if (!shown) return undefined;
    const close = () => setShown(null);
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      const isOnButton = event.key === "Enter" && event.target instanceof HTMLButtonElement;
      if (event.key !== "Tab" && !isOnButton) close();
    };
    const isGood = shown.person !== undefined || shown.title !== undefined;
    const timer = setTimeout(close, isGood ? ANSWER_MS : 4 * ANSWER_MS);
    addEventListener("keydown", pressed);
    return () => {
      clearTimeout(timer);
      removeEventListener("keydown", pressed);
    };
  }, [shown]);

  const props = { desk, onAnswer: setShown, onPerson: setPerson, onEnrol, onLock };
  const undone = desk.last.label ? desk.undoable((each) => desk.last.ids.includes(each.id)) : [];
  const requests = desk.hall.all.closing ? 0 : waitingOf(desk).length; // nobody decides after it
  return html`<div class="kiosk">
    <${Header} desk=${desk} onLock=${onLock} />
    <${Notices} desk=${desk} />
    <nav class="rooms" aria-label=${say("rooms")}>
      ${rooms.map(
        (each) =>
          html`<button aria-current=${each === room ? "page" : null} onClick=${() => setRoom(each)}>
            ${say(`room.${each}`)}${requests > 0 && ["chair", "hall"].includes(each) && html` <b>(${requests})</b>`}
          </button>`,
      )}
    </nav>
    <main>
      <${Which} desk=${desk} />
      ${room === "roll" ? html`<${RollCall} ...${props} />` : html`<${Later} key=${room} which=${room} props=${props} />`}
    </main>
    ${undone.length > 0 &&
    !shown &&
    !person &&
    html`<button class="undo" onClick=${() => desk.undo(undone)}>↶ ${say("undo", { name: desk.last.label })}</button>`}
    ${person && html`<${Later} which="sheet" props=${{ ...props, person, onClose: () => setPerson(null) }} />`}
    ${shown && html`<${Answer} desk=${desk} shown=${shown} onClose=${() => setShown(null)} onPerson=${setPerson} />`}
  </div>`;
}

/** Which meeting this is; the day's own is chosen by itself. @param {{desk: Desk}} props */
function Which({ desk }) {
  const { meeting, meetings } = desk;
  const word = (/** @type {import("./types.js").Meeting} */ each) => {
    const state = stateOf(each, Date.now());
    return say(state === "open" && Date.now() < Date.parse(each.starts_at) ? "state.gathering" : `state.${state}`);
  };
  return html`<label class="which">
    ${meeting ? say("meeting.hours", { from: timeOf(meeting.starts_at), until: timeOf(meeting.ends_at) }) : say("meeting")}
    <select value=${meeting?.id ?? ""} onChange=${(/** @type {any} */ event) => desk.choose(event.target.value)}>
      ${!meeting && html`<option value="">${say("meeting.none")}</option>`}
      ${meetings.map(
        (each) => html`<option value=${each.id}>${word(each)} · ${each.title}</option>`,
      )}
    </select>
  </label>`;
}

/**
 * A part of the page whose module is fetched when it is first wanted.
 * @param {{which: Exclude<Room, "roll"> | "sheet", props: object}} props
 */
function Later({ which, props }) {
  const [View, setView] = useState(/** @type {import("preact").ComponentType<any> | null} */ (null));
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    loadRooms().then(
      (rooms) => setView(() => /** @type {any} */ (rooms[which])),
      () => setMissing(true),
    );
  }, [which]);
  if (isMissing) return html`<p class="notice" role="alert">${say("room.missing")}</p>`;
  return View && html`<${View} ...${props} />`;
}

/** @param {() => void} onLock @returns {() => void} */
function lockWhenIdle(onLock) {
  let timer = setTimeout(onLock, IDLE_MS);
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(onLock, IDLE_MS);
  };
  const signs = ["pointerdown", "keydown", WORKED];
  for (const sign of signs) addEventListener(sign, again);
  return () => {
    clearTimeout(timer);
    for (const sign of signs) removeEventListener(sign, again);
  };
}
