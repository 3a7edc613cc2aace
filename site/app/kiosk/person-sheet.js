/** Everything that can be told of one person: leaving and coming back, seats, leave, the chair. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { AbsenceForm, Requests } from "./absence.js";
import { checkIn, hasGone, isHere } from "./check-in.js";
import { filled, TextField } from "./fields.js";
import { describe, lineOf, sayState, stateOf } from "./person.js";
import { substituteOf } from "./requests.js";
import { timeOf } from "./say.js";
import { nameOfCode, tell } from "./tell.js";

/** @param {import("./desk-view.js").ViewProps & {person: string, onClose: () => void}} props */
export function View({ desk, person, onClose, onAnswer }) {
  const [fault, setFault] = useState("");
  const [form, setForm] = useState(/** @type {"" | "absence" | "seat"} */ (""));
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => dialog.current?.showModal(), []);
  const line = lineOf(desk, person);
  const standing = desk.hall.of.get(person);
  const isIn = isHere(desk, person);
  const { chair, terms } = desk.hall.all;
  const mayPreside = isIn && [chair.secretary, chair.delegate].includes(person);
  const undone = desk.undoable((each) => each.person === person && each.kind !== "readiness");
  const substitute = substituteOf(desk, person);
  const name = line.name;

  /** @param {import("./mint.js").Draft["kind"]} kind @param {Record<string, any>} body @param {string} label */
  async function tellOf(kind, body, label) {
    const made = await desk.record({ kind, person, source: "search", body }, undefined, `${label}: ${name}`);
    if (!made) return;
    onClose();
    onAnswer({ person, message: tell("sheet.told", { what: label, at: timeOf(made.record.at) }) });
  }

  function changeSeat(/** @type {Event} */ event) {
    const seat = filled(event).seat.trim().toUpperCase();
    const holder = [...desk.hall.of.values()].find((each) => each.seat === seat && each.person !== person);
    if (holder) return setFault(tell("sheet.taken", { seat, name: desk.nameOf(holder.person) }));
    return tellOf("seat_change", { seat }, tell("sheet.to_seat", { seat }));
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
    <p class="muted">${describe(line, desk.units)} · ${person}</p>
    <p class="state ${stateOf(standing)}">${sayState(standing)}</p>
    ${substitute && html`<p class="late">${tell("sheet.substituted", { name: desk.nameOf(substitute) })}</p>`}
    ${standing && standing.flags.length > 0 &&
    html`<ul class="flags">${standing.flags.map((flag) => html`<li>${nameOfCode("flag", flag)}</li>`)}</ul>`}
    ${!desk.isChair &&
    html`<div class="grid">
      ${!isIn &&
      html`<button class="main" onClick=${() => arrive("in_person")}>${tell(hasGone(desk, person) ? "sheet.back" : "sheet.here")}</button>
        <button onClick=${() => arrive("online")}>${tell("sheet.online")}</button>
        <button onClick=${() => setForm(form === "absence" ? "" : "absence")}>${tell("sheet.absence")}</button>`}
      ${isIn &&
      html`<button onClick=${() => tellOf("check_out", {}, tell("sheet.out"))}>${tell("sheet.out")}</button>
        <button onClick=${() => tellOf("seat_check", { right: true }, tell("sheet.right"))}>${tell("sheet.right")}</button>
        <button onClick=${() => tellOf("seat_check", { right: false }, tell("sheet.wrong"))}>${tell("sheet.wrong")}</button>
        <button onClick=${() => setForm(form === "seat" ? "" : "seat")}>${tell("sheet.seat")}</button>`}
      ${mayPreside && html`<button onClick=${() => tellOf("chair_assumed", {}, tell("sheet.chair"))}>${tell("sheet.chair")}</button>`}
    </div>`}
    ${form === "seat" &&
    html`<form class="stack" onSubmit=${changeSeat}>
      <${TextField} name="seat" label=${tell("sheet.new_seat")} max=${16} />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${tell("save")}</button>
    </form>`}
    ${form === "absence" && html`<${AbsenceForm} desk=${desk} person=${person} reasons=${terms.reasons} onDone=${onClose} />`}
    <${Requests} desk=${desk} person=${person} />
    ${undone.length > 0 &&
    html`<h3>${tell("sheet.undo")}</h3>
      <ul class="told">
        ${undone.map(
          (each) => html`<li>
            ${timeOf(each.at)} · ${nameOfCode("kind", each.kind)}
            <button onClick=${() => desk.undo([each])}>${tell("take_back")}</button>
          </li>`,
        )}
      </ul>`}
  </dialog>`;
}
