/** Shows the form for a leave request, and the list of leave requests, where a clerk can add
 * reports and withdraw requests. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { ChoiceField, readForm, PersonField, TextField } from "../desk/fields.js";
import { isPresentNow } from "../desk/check-in.js";
import { dayOf, instantOf } from "../words/instants.js";
import { shrinkPhoto } from "../desk/photo.js";
import { isReportDue, leaveRequestsOf } from "../desk/requests.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import rules from "../../../rules.json" with { type: "json" };

/**
 * @typedef {import("../desk/desk.js").Desk} Desk
 * @typedef {import("../../rules/requests.js").Request} LeaveRequest
 */


/** Show the form that records a leave request; without `person`, the form also asks for the person.
 * Call `onDone` once the request is stored.
 * @param {{desk: Desk, person?: string, reasons: string[], onDone: () => void}} props */
export function AbsenceForm({ desk, person, reasons, onDone }) {
  const [report, setReport] = useState("numbered");
  const [fault, setFault] = useState("");

  async function submit(/** @type {Event} */ event) {
    const { reason, number, date, note, due, photo, who } = readForm(event);
    const { scan, photoFault } = await readPhoto(photo);
    if (photoFault) return setFault(photoFault);
    if (report === "scanned" && !scan) return setFault(roomText("absence.no_photo"));
    const personCode = person ?? who;
    const isAsked = leaveRequestsOf(desk).some((request) => request.person === personCode && ["pending", "approved"].includes(request.state));
    if (isAsked) return setFault(roomText("absence.twice", { name: desk.nameOf(personCode) }));
    const day = due || dayOf(desk.meeting?.starts_at ?? desk.nowMs);
    const body = { report, ...(report === "to_follow" ? { to_follow_by: instantOf(day, "17:00") } : {}) };
    const personal = withoutEmpty({ reason, number, date, note, scan });
    const label = `${roomText("absence.title")}: ${desk.nameOf(personCode)}`;
    const stored = await desk.record({ kind: "absence_request", person: personCode, source: "search", body }, personal, label);
    if (stored) onDone();
    return undefined;
  }

  const awayCodes = [...desk.roster.keys()].filter((code) => !isPresentNow(desk, code));
  return html`<form class="stack" onSubmit=${submit}>
    <h3>${roomText("absence.title")}</h3>
    ${!person && html`<${PersonField} desk=${desk} name="who" label=${roomText("absence.who")} among=${awayCodes} />`}
    <${ChoiceField} name="reason" label=${roomText("absence.reason")} options=${reasons.map((code) => [code, nameOfCode("reason", code)])} />
    <label>
      ${roomText("absence.report")}
      <select name="report" value=${report} onChange=${(/** @type {any} */ event) => setReport(event.target.value)}>
        ${rules.absence_reports.map((code) => html`<option value=${code}>${nameOfCode("report", code)}</option>`)}
      </select>
    </label>
    ${report === "numbered" &&
    html`<${TextField} name="number" label=${roomText("absence.number")} max=${40} />
      <${TextField} name="date" label=${roomText("absence.date")} type="date" isOptional />`}
    ${report === "to_follow" && html`<${TextField} name="due" label=${roomText("absence.due")} type="date" min=${dayOf(desk.nowMs)} />`}
    ${report !== "to_follow" && html`<${PhotoField} />`}
    <${TextField} name="note" label=${roomText("note")} isOptional />
    <p class="muted">${roomText("absence.sealed")}</p>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}
    <button class="main">${roomText("absence.ask")}</button>
  </form>`;
}

function PhotoField() {
  return html`<label>${roomText("absence.photo")}<input name="photo" type="file" accept="image/*" /></label>`;
}

/** Return the photo in a form, shrunk, and what is wrong with it; both are empty without a photo.
 * @param {unknown} photo @returns {Promise<{scan: string | null, photoFault: string}>} */
async function readPhoto(photo) {
  if (!(photo instanceof File) || photo.size === 0) return { scan: null, photoFault: "" };
  const scan = await shrinkPhoto(photo);
  return { scan, photoFault: scan ? "" : roomText("absence.bad_photo", { name: photo.name }) };
}

/** Show the leave requests of a person or, without `person`, of the whole point. A clerk gets
 * buttons that withdraw a pending request or add a report that is due. Show nothing if there are
 * no requests.
 * @param {{desk: Desk, person?: string}} props */
export function Requests({ desk, person }) {
  const [following, setFollowing] = useState("");
  const [fault, setFault] = useState("");
  const all = leaveRequestsOf(desk).filter((request) => !person || request.person === person);
  if (all.length === 0) return null;

  async function follow(/** @type {Event} */ event, /** @type {LeaveRequest} */ request) {
    const { number, date, photo } = readForm(event);
    const { scan, photoFault } = await readPhoto(photo);
    setFault(photoFault);
    if (photoFault) return;
    const about = { person: request.person, refs: [request.id], source: "search" };
    const stored = await desk.record({ kind: "absence_document", ...about, body: {} }, withoutEmpty({ number, date, scan }), roomText("absence.document"));
    if (stored) setFollowing("");
  }

  return html`<ul class="entries">
    ${all.map((request) => {
      const detail = desk.detailContents.get(request.detail ?? "");
      const { state } = request;
      const isOwed = isReportDue(request);
      return html`<li>
        <b>${desk.nameOf(request.person)}</b> · <span class="tag ${state}">${nameOfCode("request", state)}</span>
        ${detail && html`<br />${describeLeave(detail)}`}
        ${isOwed && html`<br /><span class="late">${reportDueText(request)}</span>`}
        ${!desk.isChair && state === "pending" && !desk.hall.all.closing &&
        html`<button onClick=${() => desk.record({ kind: "absence_withdrawal", person: request.person, refs: [request.id], source: "search", body: {} }, undefined, roomText("absence.withdrawn"))}>
          ${roomText("absence.withdraw")}
        </button>`}
        ${!desk.isChair && isOwed && html`<button onClick=${() => setFollowing(request.id)}>${roomText("absence.follow")}</button>`}
        ${following === request.id &&
        html`<form class="stack" onSubmit=${(/** @type {Event} */ event) => void follow(event, request)}>
          <${TextField} name="number" label=${roomText("absence.number")} max=${40} />
          <${TextField} name="date" label=${roomText("absence.date")} type="date" isOptional />
          <${PhotoField} />
          ${fault && html`<p class="fault" role="alert">${fault}</p>`}
          <button class="main">${roomText("save")}</button>
        </form>`}
      </li>`;
    })}
  </ul>`;
}

/** Return the message that a request's written report is due, with the date in Vietnam (`–` if
 * unknown).
 * @param {LeaveRequest} request */
export function reportDueText({ due_ms: dueMs }) {
  const date = dueMs === null ? "–" : dayOf(dueMs).split("-").reverse().join("/");
  return roomText("absence.owed", { date });
}

/** Return one line with the reason, report, note and photo mark of a leave request. Missing parts
 * are left out.
 * @param {Record<string, any>} detail decrypted detail of the request */
export function describeLeave({ reason, number, date, note, scan, hasScan }) {
  const day = date ? date.split("-").reverse().join("/") : "";
  const paper = number ? roomText("absence.paper", { number, date: day }) : "";
  const parts = [reason && nameOfCode("reason", reason), paper.trim(), note, (scan || hasScan) && roomText("absence.has_photo")];
  return parts.filter(Boolean).join(" · ");
}

/** Return a copy of the fields without those that are empty. @param {Record<string, any>} fields */
function withoutEmpty(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value));
}
