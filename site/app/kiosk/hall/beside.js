/** Other attendees than the summoned: guests, substitutes, and people on no list of this hall. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { readForm, PersonField, TextField } from "../fields.js";
import { newcomerCode } from "../mint.js";
import { recordsInForce } from "../standing.js";
import { nameOfCode, tell } from "../tell.js";

const KINDS = ["guest", "substitute", "newcomer"];
const PERSON = /^[A-Z0-9][A-Z0-9.-]{0,31}$/;

/** @typedef {import("../types.js").LedgerRecord} LedgerRecord */

/** A button that takes back the matching records, as far as this desk may void them.
 * @param {{desk: import("../desk.js").Desk, isMeant: (record: LedgerRecord) => boolean}} props */
function TakeBack({ desk, isMeant }) {
  const targets = desk.undoableRecords(isMeant);
  return targets.length > 0 && html`<button onClick=${() => desk.undo(targets)}>${tell("take_back")}</button>`;
}

/** @param {{desk: import("../desk.js").Desk}} props */
export function OtherAttendees({ desk }) {
  const [kind, setKind] = useState(KINDS[0]);
  const [fault, setFault] = useState("");

  async function add(/** @type {any} */ event) {
    const { name, unit, code, instead } = readForm(event);
    const personCode = (code ?? "").trim().toUpperCase();
    const isBad = personCode && !PERSON.test(personCode);
    const problem = isBad ? tell("beside.bad_code", { code: personCode }) : name?.trim() || personCode ? "" : tell("beside.nobody");
    setFault(problem);
    if (problem) return;
    const personal = name ? { name, ...(unit ? { unit } : {}) } : undefined;
    const person = personCode || newcomerCode();
    const checkInDraft = { kind: "check_in", person, source: "search", body: { mode: "in_person" } };
    /** @type {[import("../mint.js").Draft, unknown?][]} */
    let drafts = [[checkInDraft, personal]];
    if (kind === "guest") drafts = [[{ kind, source: "search", body: {} }, personal]];
    if (kind === "substitute") drafts = [[{ kind, person, source: "search", body: { for: instead } }, personal], [checkInDraft]];
    const stored = await desk.recordAll(drafts, name || personCode);
    if (stored.length < drafts.length) return;
    for (const field of event.target.querySelectorAll("input")) field.value = "";
  }

  const attendeeRecords = recordsInForce(desk.hall.records).filter(
    (record) => record.point === desk.enrolment.point && ["guest", "substitute"].includes(record.kind),
  );
  const { visitors } = desk.hall.all;
  return html`<ul class="told">
      ${attendeeRecords.map(
        (record) => html`<li>
          <b>${desk.detailContents.get(record.body.detail)?.name ?? desk.nameOf(record.person) ?? "–"}</b> · ${nameOfCode("kind", record.kind)}
          ${record.body.for && ` · ${tell("beside.instead", { name: desk.nameOf(record.body.for) })}`}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.id === record.id || (record.kind === "substitute" && other.person === record.person)} />
        </li>`,
      )}
      ${visitors
        .filter((visitor) => visitor.comes_as === null)
        .map((visitor) => html`<li><b>${desk.nameOf(visitor.person)}</b> · ${visitor.person} · ${tell("beside.visitor")}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.person === visitor.person} />
        </li>`)}
    </ul>
    <form class="stack" onSubmit=${add}>
      <label>
        ${tell("beside.kind")}
        <select name="kind" value=${kind} onChange=${(/** @type {any} */ event) => setKind(event.target.value)}>
          ${KINDS.map((option) => html`<option value=${option}>${tell(`beside.of.${option}`)}</option>`)}
        </select>
      </label>
      <p class="muted">${tell(`beside.why.${kind}`)}</p>
      ${kind === "substitute" && html`<${PersonField} desk=${desk} name="instead" label=${tell("beside.for")} />`}
      ${kind !== "guest" && html`<${TextField} name="code" label=${tell("beside.code")} isOptional max=${32} />`}
      <${TextField} name="name" label=${tell("beside.name")} max=${120} isOptional=${kind !== "guest"} />
      <${TextField} name="unit" label=${tell("beside.unit")} isOptional />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${tell("beside.add")}</button>
    </form>`;
}
