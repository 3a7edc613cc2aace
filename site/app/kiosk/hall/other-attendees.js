/** Shows and records attendees who were not summoned: guests, substitutes, and people on no list of
 * this hall. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { isPresentNow } from "../desk/check-in.js";
import { emptyFields, restoreFields, readForm, PersonField, TextField } from "../desk/fields.js";
import { fold } from "../../fold.js";
import { newcomerCode } from "../sync/new-record.js";
import { recordsInForce } from "../desk/hall-standing.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import { TakeBack } from "./take-back.js";

const KINDS = ["guest", "substitute", "newcomer"];
const PERSON = /^[A-Z0-9][A-Z0-9.-]{0,31}$/;

/** @typedef {import("../types.js").LedgerRecord} LedgerRecord */

/** Return the state of a substitute's request; `pending` if the standing does not contain the
 * request.
 * @param {import("../desk/desk.js").Desk} desk @param {LedgerRecord} record */
function stateOf(desk, record) {
  return desk.hall.all.requests.find((request) => request.id === record.id)?.state ?? "pending";
}

/** Return the person of this hall's list whom the clerk has typed; null if there is none. A name
 * with a unit is taken for somebody else of the same name.
 * @param {import("../desk/desk.js").Desk} desk
 * @param {string} personCode @param {string} name @param {string} unit */
function listedPerson(desk, personCode, name, unit) {
  const lines = [...desk.roster.values()];
  return lines.find((line) => line.person === personCode || (!personCode && !unit && fold(line.name) === fold(name.trim()))) ?? null;
}

/** Show the guests, substitutes and visitors recorded so far, and the form that records another.
 * The form refuses a malformed code, a person of this hall's list, and a substitute for a person
 * who is present.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function OtherAttendees({ desk }) {
  const [kind, setKind] = useState(KINDS[0]);
  const [fault, setFault] = useState("");

  async function add(/** @type {any} */ event) {
    const { name, unit, code, instead } = readForm(event);
    const personCode = (code ?? "").trim().toUpperCase();
    const isBad = personCode && !PERSON.test(personCode);
    const listed = kind === "guest" ? null : listedPerson(desk, personCode, name ?? "", unit ?? "");
    const isReplacedHere = kind === "substitute" && isPresentNow(desk, instead);
    const problem = isBad
      ? roomText("beside.bad_code", { code: personCode })
      : isReplacedHere
        ? roomText("beside.is_present", { name: desk.nameOf(instead) })
        : listed
        ? roomText(personCode ? "beside.is_listed" : "beside.same_name", { name: listed.name, unit: desk.units[listed.unit] ?? listed.unit })
        : name?.trim() || personCode
          ? ""
          : roomText("beside.nobody");
    setFault(problem);
    if (problem) return;
    const personal = name ? { name, ...(unit ? { unit } : {}) } : undefined;
    const person = personCode || newcomerCode();
    const checkInDraft = { kind: "check_in", person, source: "search", body: { mode: "in_person" } };
    /** @type {[import("../sync/new-record.js").Draft, unknown?][]} */
    let drafts = [[checkInDraft, personal]];
    if (kind === "guest") drafts = [[{ kind, source: "search", body: {} }, personal]];
    if (kind === "substitute") drafts = [[{ kind, person, source: "search", body: { for: instead } }, personal], [checkInDraft]];
    // Empty the fields now, because the clerk may type the next name while this record is being stored.
    const typed = emptyFields(event.target);
    const stored = await desk.recordAll(drafts, name || personCode);
    if (stored.length < drafts.length) restoreFields(typed);
  }

  const attendeeRecords = recordsInForce(desk.hall.records).filter(
    (record) => record.point === desk.enrolment.point && ["guest", "substitute"].includes(record.kind),
  );
  const { visitors } = desk.hall.all;
  return html`<ul class="entries">
      ${attendeeRecords.map(
        (record) => html`<li>
          <b>${desk.detailContents.get(record.body.detail)?.name ?? desk.nameOf(record.person) ?? "–"}</b> · ${nameOfCode("kind", record.kind)}
          ${record.body.for && ` · ${roomText("beside.instead", { name: desk.nameOf(record.body.for) })}`}
          ${record.body.for && html` <span class="tag">${nameOfCode("request", stateOf(desk, record))}</span>`}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.id === record.id || (record.kind === "substitute" && other.person === record.person)} />
        </li>`,
      )}
      ${visitors
        .filter((visitor) => visitor.comes_as === null)
        .map((visitor) => html`<li><b>${desk.nameOf(visitor.person)}</b> · ${visitor.person} · ${roomText("beside.visitor")}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.person === visitor.person} />
        </li>`)}
    </ul>
    <form class="stack" onSubmit=${add}>
      <label>
        ${roomText("beside.kind")}
        <select name="kind" value=${kind} onChange=${(/** @type {any} */ event) => setKind(event.target.value)}>
          ${KINDS.map((option) => html`<option value=${option}>${roomText(`beside.of.${option}`)}</option>`)}
        </select>
      </label>
      <p class="muted">${roomText(`beside.why.${kind}`)}</p>
      ${kind === "substitute" && html`<${PersonField} desk=${desk} name="instead" label=${roomText("beside.for")} />`}
      ${kind !== "guest" && html`<${TextField} name="code" label=${roomText("beside.code")} isOptional isCode max=${32} />`}
      <${TextField} name="name" label=${roomText("beside.name")} max=${120} isOptional=${kind !== "guest"} />
      <${TextField} name="unit" label=${roomText("beside.unit")} isOptional />
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${roomText("beside.add")}</button>
    </form>`;
}
