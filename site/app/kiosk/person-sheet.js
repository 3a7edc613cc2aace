/** All that a clerk can record about one person: leaving, returning, seats, absence, the chair. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { AbsenceForm, Requests } from "./absence.js";
import { checkIn, hasCheckedOut, isInHallNow } from "./check-in.js";
import { readForm, TextField } from "./fields.js";
import { positionAndUnitOf, rosterLineOf, sayState, displayStateOf } from "./person.js";
import { substituteOf } from "./requests.js";
import { timeOf } from "./say.js";
import { nameOfCode, tell } from "./tell.js";

/** The sheet of one person, as a dialog.
 * @param {import("./desk-view.js").ViewProps & {person: string, onClose: () => void}} props */
export function View({ desk, person, onClose, onAnswer }) {
  const [fault, setFault] = useState("");
  const [form, setForm] = useState(/** @type {"" | "absence" | "seat"} */ (""));
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  const line = rosterLineOf(desk, person);
  const standing = desk.hall.of.get(person);
  const isInHall = isInHallNow(desk, person);
  const { chair, terms } = desk.hall.all;
  const mayPreside = isInHall && [chair.secretary, chair.delegate].includes(person);
  const undoableRecords = desk.undoableRecords((record) => record.person === person && record.kind !== "readiness");
  const substitute = substituteOf(desk, person);
  const name = line.name;

  /** Record a fact about the person, close the sheet and show the answer.
   * @param {import("./mint.js").Draft["kind"]} kind @param {Record<string, any>} body @param {string} label */
  async function recordFact(kind, body, label) {
    const deviceRecord = await desk.record({ kind, person, source: "search", body }, undefined, `${label}: ${name}`);
    if (!deviceRecord) return;
    onClose();
    onAnswer({ person, message: tell("sheet.told", { what: label, at: timeOf(deviceRecord.record.at) }) });
  }

  function changeSeat(/** @type {Event} */ event) {
    const seat = readForm(event).seat.trim().toUpperCase();
    const holder = [...desk.hall.of.values()].find((otherStanding) => otherStanding.seat === seat && otherStanding.person !== person);
    if (holder) return setFault(tell("sheet.taken", { seat, name: desk.nameOf(holder.person) }));
    return recordFact("seat_change", { seat }, tell("sheet.to_seat", { seat }));
  }

  async function arrive(/** @type {"in_person" | "online"} */ mode) {
    if (!(await checkIn(desk, [line], "search", null, mode))) return;
    onClose();
    onAnswer({ person, message: tell("sheet.stored", { at: timeOf(Date.now()) }) });
  }

  return html`<dialog class="sheet" ref=${dialog} onClose=${onClose} aria-label=${name}>
    <p class="head">
      <b class="name">${name}</b>
      <button onClick=${onClose} aria-label=${tell("close")}>✕</button>
    </p>
    <p class="muted">${positionAndUnitOf(line, desk.units)} · ${person}</p>
    <p class="state ${displayStateOf(standing)}">${sayState(standing)}</p>
    ${substitute && html`<p class="late">${tell("sheet.substituted", { name: desk.nameOf(substitute) })}</p>`}
    ${standing && standing.flags.length > 0 &&
    html`<ul class="flags">${standing.flags.map((flag) => html`<li>${nameOfCode("flag", flag)}</li>`)}</ul>`}
    ${!desk.isChair &&
    html`<div class="grid">
      ${!isInHall &&
      html`<button class="main" onClick=${() => arrive("in_person")}>${tell(hasCheckedOut(desk, person) ? "sheet.back" : "sheet.here")}</button>
        <button onClick=${() => arrive("online")}>${tell("sheet.online")}</button>
        <button onClick=${() => setForm(form === "absence" ? "" : "absence")}>${tell("sheet.absence")}</button>`}
      ${isInHall &&
      html`<button onClick=${() => recordFact("check_out", {}, tell("sheet.out"))}>${tell("sheet.out")}</button>
        <button onClick=${() => recordFact("seat_check", { right: true }, tell("sheet.right"))}>${tell("sheet.right")}</button>
        <button onClick=${() => recordFact("seat_check", { right: false }, tell("sheet.wrong"))}>${tell("sheet.wrong")}</button>
        <button onClick=${() => setForm(form === "seat" ? "" : "seat")}>${tell("sheet.seat")}</button>`}
      ${mayPreside && html`<button onClick=${() => recordFact("chair_assumed", {}, tell("sheet.chair"))}>${tell("sheet.chair")}</button>`}
    </div>`}
    ${form === "seat" &&
    html`<form class="stack" onSubmit=${changeSeat}>
      <${TextField} name="seat" label=${tell("sheet.new_seat")} max=${16} />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${tell("save")}</button>
    </form>`}
    ${form === "absence" && html`<${AbsenceForm} desk=${desk} person=${person} reasons=${terms.reasons} onDone=${onClose} />`}
    <${Requests} desk=${desk} person=${person} />
    ${undoableRecords.length > 0 &&
    html`<h3>${tell("sheet.undo")}</h3>
      <ul class="told">
        ${undoableRecords.map(
          (record) => html`<li>
            ${timeOf(record.at)} · ${nameOfCode("kind", record.kind)}
            <button onClick=${() => desk.undo([record])}>${tell("take_back")}</button>
          </li>`,
        )}
      </ul>`}
  </dialog>`;
}
