/** Shows the sheet on which a clerk records facts about one person: departure, return, seat,
 * absence, taking the chair. */

import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { AbsenceForm, Requests } from "../hall/absence.js";
import { mayTakeChair } from "../hall/chairing.js";
import { checkIn, hasCheckedOut, isPresentNow } from "./check-in.js";
import { readForm, TextField } from "./fields.js";
import { positionAndUnitOf, rosterLineOf, sayState, displayStateOf } from "./person-row.js";
import { substituteOf } from "./requests.js";
import { timeOf } from "../words/messages.js";
import { nameOfCode, roomText } from "../words/room-messages.js";

/** Show a dialog with a person's standing and requests, and with buttons that record facts or take
 * them back.
 * @param {import("./desk-view.js").ViewProps & {person: string, onClose: () => void}} props */
export function View({ desk, person, onClose, onAnswer }) {
  const [fault, setFault] = useState("");
  const [form, setForm] = useState(/** @type {"" | "absence" | "seat"} */ (""));
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useLayoutEffect(() => dialog.current?.showModal(), []);
  const line = rosterLineOf(desk, person);
  const standing = desk.hall.of.get(person);
  const isInHall = isPresentNow(desk, person);
  const { terms } = desk.hall.all;
  const mayPreside = isInHall && mayTakeChair(desk, person);
  const undoableRecords = desk.undoableRecords((record) => record.person === person && record.kind !== "readiness");
  const substitute = substituteOf(desk, person);
  const name = line.name;

  /** Record a fact about the person. If the record was stored, close the sheet and show a
   * confirmation.
   * @param {import("../sync/new-record.js").Draft["kind"]} kind @param {Record<string, any>} body @param {string} label */
  async function recordFact(kind, body, label) {
    const deviceRecord = await desk.record({ kind, person, source: "search", body }, undefined, `${label}: ${name}`);
    if (!deviceRecord) return;
    onClose();
    onAnswer({ person, message: roomText("sheet.noted", { what: label, at: timeOf(desk.hall.atMsOf(deviceRecord.record)) }) });
  }

  function changeSeat(/** @type {Event} */ event) {
    const seat = readForm(event).seat.trim().toUpperCase();
    const holder = [...desk.hall.of.values()].find((otherStanding) => otherStanding.seat === seat && otherStanding.person !== person);
    if (holder) return setFault(roomText("sheet.taken", { seat, name: desk.nameOf(holder.person) }));
    return recordFact("seat_change", { seat }, roomText("sheet.to_seat", { seat }));
  }

  async function arrive(/** @type {"in_person" | "online"} */ mode) {
    if (!(await checkIn(desk, [line], "search", null, mode))) return;
    onClose();
    onAnswer({ person, message: roomText("sheet.stored", { at: timeOf(desk.nowMs) }) });
  }

  return html`<dialog class="sheet" ref=${dialog} onClose=${onClose} aria-label=${name}>
    <p class="head">
      <b class="name">${name}</b>
      <button onClick=${onClose} aria-label=${roomText("close")}>✕</button>
    </p>
    <p class="muted">${positionAndUnitOf(line, desk.units)} · ${person}</p>
    <p class="state ${displayStateOf(standing)}">${sayState(standing)}</p>
    ${substitute && html`<p class="late">${roomText("sheet.substituted", { name: desk.nameOf(substitute) })}</p>`}
    ${standing && standing.flags.length > 0 &&
    html`<ul class="flags">${standing.flags.map((flag) => html`<li>${nameOfCode("flag", flag)}</li>`)}</ul>`}
    ${!desk.isChair &&
    html`<div class="grid">
      ${!isInHall &&
      html`<button class="main" onClick=${() => arrive("in_person")}>${roomText(hasCheckedOut(desk, person) ? "sheet.back" : "sheet.here")}</button>
        <button onClick=${() => arrive("online")}>${roomText("sheet.online")}</button>
        ${!desk.hall.all.closing && html`<button onClick=${() => setForm(form === "absence" ? "" : "absence")}>${roomText("sheet.absence")}</button>`}`}
      ${isInHall &&
      html`<button onClick=${() => recordFact("check_out", {}, roomText("sheet.out"))}>${roomText("sheet.out")}</button>
        <button onClick=${() => recordFact("seat_check", { right: true }, roomText("sheet.right"))}>${roomText("sheet.right")}</button>
        <button onClick=${() => recordFact("seat_check", { right: false }, roomText("sheet.wrong"))}>${roomText("sheet.wrong")}</button>
        <button onClick=${() => setForm(form === "seat" ? "" : "seat")}>${roomText("sheet.seat")}</button>`}
      ${mayPreside && html`<button onClick=${() => recordFact("chair_assumed", {}, roomText("sheet.chair"))}>${roomText("sheet.chair")}</button>`}
    </div>`}
    ${form === "seat" &&
    html`<form class="stack" onSubmit=${changeSeat}>
      <${TextField} name="seat" label=${roomText("sheet.new_seat")} max=${16} />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${roomText("save")}</button>
    </form>`}
    ${form === "absence" && html`<${AbsenceForm} desk=${desk} person=${person} reasons=${terms.reasons} onDone=${onClose} />`}
    <${Requests} desk=${desk} person=${person} />
    ${undoableRecords.length > 0 &&
    html`<h3>${roomText("sheet.undo")}</h3>
      <ul class="entries">
        ${undoableRecords.map(
          (record) => html`<li>
            ${timeOf(desk.hall.atMsOf(record))} · ${nameOfCode("kind", record.kind)}
            <button onClick=${() => desk.undo([record])}>${roomText("take_back")}</button>
          </li>`,
        )}
      </ul>`}
  </dialog>`;
}
