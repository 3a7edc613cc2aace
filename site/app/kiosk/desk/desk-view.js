/** Shows the desk's page: the header, the open room and, over them, the result of an action or a
 * person's sheet. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from "preact/hooks";

import { Answer } from "./answer.js";
import { isCard } from "./card.js";
import { RECORDED_EVENT } from "./desk.js";
import { Header, Notices } from "./header.js";
import { meetingStateOf } from "./choose-meeting.js";
import { waitingOf } from "./requests.js";
import { hasHalfFilledForm, KeptRoom } from "./kept-room.js";
import { LazyPart, loadRooms } from "./lazy-part.js";
import { RollCall } from "./roll-call.js";
import { catchScans } from "./scanner-keys.js";
import { UndoLatest } from "./undo.js";
import { say, timeOf } from "../words/messages.js";
import { SHELL_LIST, useSavedState } from "../device/offline-shell.js";

const IDLE_MS = 15 * 60_000;
const PERSON_CODE = /^[A-Z]\d{4,}$/i;

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./answer.js").AnswerContent} AnswerContent
 * @typedef {{desk: Desk, onAnswer: (answer: AnswerContent) => void, onPerson: (person: string) => void,
 *   onEnrol: () => void, onLock: () => void}} ViewProps
 */

/** @typedef {"roll" | "chair" | "hall" | "seats" | "queue" | "device"} Room */

/** @type {Room[]} */
const CLERK_ROOMS = ["roll", "hall", "seats", "queue", "device"];
/** @type {Room[]} */
const CHAIR_ROOMS = ["chair", "roll", "queue", "device"];

/** Show an unlocked desk: its header, notices and rooms, and a button that undoes the latest action.
 * Call `onLock` after 15 minutes without activity. `firstScans` are codes that were scanned just
 * before the desk was open.
 * @param {{desk: Desk, firstScans: string[], onLock: () => void, onEnrol: () => void}} props */
export function DeskView({ desk, firstScans, onLock, onEnrol }) {
  const [, redraw] = useReducer((/** @type {number} */ n) => n + 1, 0);
  const rooms = desk.isChair ? CHAIR_ROOMS : CLERK_ROOMS;
  const [room, setRoom] = useState(rooms[0]);
  const visited = useRef(new Set([/** @type {Room} */ ("roll")]));
  visited.current.add(room);
  const [answer, setAnswer] = useState(/** @type {AnswerContent | null} */ (null));
  const [person, setPerson] = useState(/** @type {string | null} */ (null));
  const [scans, setScans] = useState(firstScans.map((code) => ({ code })));
  const { isKept } = useSavedState(SHELL_LIST);
  const mayPreload = isKept || desk.outcome?.state === "sent";

  // What listens does so before the page is painted: a scan or a change in between would be lost.
  useLayoutEffect(() => desk.listen(() => redraw(0)), [desk]);
  useEffect(() => {
    // Load the rooms now, so that they open later even if offline or if the server has a newer version.
    if (mayPreload) for (const load of [loadRooms, () => import("../sync/seal.js")]) load().catch(() => undefined);
  }, [mayPreload]);
  useEffect(() => lockWhenIdle(onLock), [onLock]);
  useLayoutEffect(() => {
    const isCode = (/** @type {string} */ text) => isCard(text) || desk.roster.has(text.toUpperCase()) || PERSON_CODE.test(text);
    return catchScans(isCode, (code) => {
      if (!hasHalfFilledForm("dialog")) setPerson(null);
      setScans((waiting) => [...waiting, { code }]);
    });
  }, [desk]);
  useEffect(() => {
    const warnIfUnsent = (/** @type {BeforeUnloadEvent} */ event) => {
      if (desk.fates.unsent > 0 || hasHalfFilledForm()) event.preventDefault();
    };
    addEventListener("beforeunload", warnIfUnsent);
    return () => removeEventListener("beforeunload", warnIfUnsent);
  }, [desk]);

  const props = { desk, onAnswer: setAnswer, onPerson: setPerson, onEnrol, onLock };
  // Nobody at the point may decide after the closing, so no request is waiting then.
  const waitingCount = desk.hall.all.closing ? 0 : waitingOf(desk).length;
  return html`<div class="kiosk">
    <${Header} desk=${desk} onLock=${onLock} />
    <${Notices} desk=${desk} />
    <nav class="rooms" aria-label=${say("rooms")}>
      ${rooms.map(
        (roomName) =>
          html`<button aria-current=${roomName === room ? "page" : null} onClick=${() => setRoom(roomName)}>
            ${say(`room.${roomName}`)}${waitingCount > 0 && ["chair", "hall"].includes(roomName) && html` <b>(${waitingCount})</b>`}
          </button>`,
      )}
    </nav>
    <main>
      <div class="topline">
        <${MeetingChoice} desk=${desk} />
        <${UndoLatest} desk=${desk} saysSaved=${room !== "roll"} />
      </div>
      ${rooms.map(
        (roomName) =>
          visited.current.has(roomName) &&
          html`<${KeptRoom} key=${roomName} hidden=${roomName !== room} scan=${roomName === "roll" && scans.length > 0}>
            ${roomName === "roll" ? html`<${RollCall} ...${props} scan=${scans[0] ?? null} onScanTaken=${() => setScans((waiting) => waiting.slice(1))} />` : html`<${LazyPart} which=${roomName} props=${props} />`}
          <//>`,
      )}
    </main>
    ${person && html`<${LazyPart} which="sheet" props=${{ ...props, person, onClose: () => setPerson(null) }} />`}
    ${answer && html`<${Answer} desk=${desk} answer=${answer} onClose=${() => setAnswer(null)} onPerson=${setPerson} />`}
  </div>`;
}

/** Show the field that chooses the meeting. The kiosk preselects the meeting of the day. If there
 * is no other meeting, show the title alone.
 * @param {{desk: Desk}} props */
function MeetingChoice({ desk }) {
  const { meeting, meetings } = desk;
  const stateLabel = (/** @type {import("../types.js").Meeting} */ candidate) => {
    const state = meetingStateOf(candidate, desk.nowMs);
    return say(state === "open" && desk.nowMs < Date.parse(candidate.starts_at) ? "state.gathering" : `state.${state}`);
  };
  const hours = meeting ? say("meeting.hours", { from: timeOf(meeting.starts_at), until: timeOf(meeting.ends_at) }) : say("meeting");
  const inOrder = [...meetings.filter((candidate) => candidate === meeting), ...meetings.filter((candidate) => candidate !== meeting)];
  const title = html`<b>${meeting?.title ?? say("meeting.none")}</b> <span>${hours}</span>`;
  if (meeting && meetings.length < 2) return html`<p class="which">${title}</p>`;
  return html`<details class="which" open=${!meeting}>
    <summary>${title}</summary>
    <label>
      ${say("meeting")}
      <select value=${meeting?.id ?? ""} onChange=${(/** @type {any} */ event) => desk.switchMeeting(event.target.value)}>
        ${!meeting && html`<option value="">${say("meeting.none")}</option>`}
        ${inOrder.map((candidate) => html`<option value=${candidate.id}>${stateLabel(candidate)} · ${candidate.title}</option>`)}
      </select>
    </label>
  </details>`;
}

/** Call `onLock` after 15 minutes without a tap, key press or record. Return a function that stops
 * the timer.
 * @param {() => void} onLock @returns {() => void} */
function lockWhenIdle(onLock) {
  let timer = setTimeout(onLock, IDLE_MS);
  const restart = () => {
    clearTimeout(timer);
    timer = setTimeout(onLock, IDLE_MS);
  };
  const activityEvents = ["pointerdown", "keydown", RECORDED_EVENT];
  for (const eventName of activityEvents) addEventListener(eventName, restart);
  return () => {
    clearTimeout(timer);
    for (const eventName of activityEvents) removeEventListener(eventName, restart);
  };
}
