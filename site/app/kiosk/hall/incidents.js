/** Shows the incidents in the hall, such as a power cut, and the form that records an incident or
 * its end. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { ChoiceField, emptyFields, restoreFields, readForm, TextField } from "../desk/fields.js";
import { latestInstant } from "../words/instants.js";
import { timeOf } from "../words/messages.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import rules from "../../../rules.json" with { type: "json" };
import { TakeBack } from "./take-back.js";

/** Earlier incidents belong to another day; a time of day that seems so long ago is still to come. */
const LONGEST_AGO_MS = 12 * 3_600_000;

/** Show the hall's incidents, a button that ends an ongoing incident, and the form for a new
 * incident.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Incidents({ desk }) {
  const [fault, setFault] = useState("");
  const { incidents } = desk.hall.all;
  const bodyOf = (/** @type {string} */ id) => desk.hall.records.find((record) => record.id === id)?.body ?? {};

  async function add(/** @type {any} */ event) {
    const { what, since, until, note } = readForm(event);
    const from = latestInstant(since, desk.nowMs);
    const body = { what, from, ...(until ? { until: latestInstant(until, desk.nowMs) } : {}) };
    const isAhead = desk.nowMs - Date.parse(from) > LONGEST_AGO_MS; // the time is still to come today
    const isBackwards = body.until !== undefined && body.until < from;
    setFault(isAhead ? roomText("incident.ahead") : isBackwards ? roomText("incident.backwards") : "");
    if (isAhead || isBackwards) return;
    const typed = emptyFields(event.target);
    if (!(await desk.record({ kind: "incident", source: "search", body }, note ? { note } : undefined, nameOfCode("trouble", what)))) restoreFields(typed);
  }

  const end = (/** @type {(typeof incidents)[number]} */ { id, what, from_ms: fromMs }) => {
    const { detail } = bodyOf(id);
    const body = { what, from: new Date(fromMs).toISOString(), until: new Date(desk.nowMs).toISOString(), ...(detail ? { detail } : {}) };
    return desk.record({ kind: "incident", refs: [id], source: "search", body }, undefined, nameOfCode("trouble", what));
  };

  return html`<ul class="entries">
      ${incidents.map(
        (incident) => html`<li>
          <b>${nameOfCode("trouble", incident.what)}</b> · ${timeOf(incident.from_ms)} – ${incident.until_ms === null ? html`<b class="late">${roomText("incident.goes_on")}</b>` : timeOf(incident.until_ms)}
          ${desk.detailContents.get(bodyOf(incident.id).detail)?.note ? html`<br />${desk.detailContents.get(bodyOf(incident.id).detail).note}` : ""}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {{id: string}} */ record) => record.id === incident.id} />
          ${incident.until_ms === null && html`<button onClick=${() => end(incident)}>${roomText("incident.end")}</button>`}
        </li>`,
      )}
    </ul>
    <form class="stack" onSubmit=${add}>
      <${ChoiceField} name="what" label=${roomText("incident.what")} options=${rules.incident_causes.map((code) => [code, nameOfCode("trouble", code)])} />
      <${TextField} name="since" label=${roomText("incident.since")} type="time" value=${timeOf(desk.nowMs)} />
      <${TextField} name="until" label=${roomText("incident.until")} type="time" isOptional />
      <${TextField} name="note" label=${roomText("note")} isOptional />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${roomText("incident.add")}</button>
    </form>`;
}
