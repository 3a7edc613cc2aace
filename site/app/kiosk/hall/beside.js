/** Those beside the summoned: guests, substitutes, and people whom no list of this hall has. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { filled, PersonField, TextField } from "../fields.js";
import { newcomerCode } from "../mint.js";
import { standing } from "../standing.js";
import { nameOfCode, tell } from "../tell.js";

const KINDS = ["guest", "substitute", "newcomer"];
const PERSON = /^[A-Z0-9][A-Z0-9.-]{0,31}$/;

/** @typedef {import("../types.js").LedgerRecord} LedgerRecord */

/** Takes back what this desk may. @param {{desk: import("../desk.js").Desk, isMeant: (record: LedgerRecord) => boolean}} props */
function TakeBack({ desk, isMeant }) {
  const undone = desk.undoable(isMeant);
  return undone.length > 0 && html`<button onClick=${() => desk.undo(undone)}>${tell("take_back")}</button>`;
}

/** @param {{desk: import("../desk.js").Desk}} props */
export function Beside({ desk }) {
  const [kind, setKind] = useState(KINDS[0]);
  const [fault, setFault] = useState("");

  async function add(/** @type {any} */ event) {
    const { name, unit, code, instead } = filled(event);
    const known = (code ?? "").trim().toUpperCase();
    const isBad = known && !PERSON.test(known);
    const wrong = isBad ? tell("beside.bad_code", { code: known }) : name?.trim() || known ? "" : tell("beside.nobody");
    setFault(wrong);
    if (wrong) return;
    const personal = name ? { name, ...(unit ? { unit } : {}) } : undefined;
    const person = known || newcomerCode();
    const came = { kind: "check_in", person, source: "search", body: { mode: "in_person" } };
    /** @type {[import("../mint.js").Draft, unknown?][]} */
    let drafts = [[came, personal]];
    if (kind === "guest") drafts = [[{ kind, source: "search", body: {} }, personal]];
    if (kind === "substitute") drafts = [[{ kind, person, source: "search", body: { for: instead } }, personal], [came]];
    const made = await desk.recordAll(drafts, name || known);
    if (made.length < drafts.length) return;
    for (const field of event.target.querySelectorAll("input")) field.value = "";
  }

  const told = standing(desk.hall.records).filter(
    (each) => each.point === desk.enrolment.point && ["guest", "substitute"].includes(each.kind),
  );
  const { visitors } = desk.hall.all;
  return html`<ul class="told">
      ${told.map(
        (each) => html`<li>
          <b>${desk.told.get(each.body.detail)?.name ?? desk.nameOf(each.person) ?? "–"}</b> · ${nameOfCode("kind", each.kind)}
          ${each.body.for && ` · ${tell("beside.instead", { name: desk.nameOf(each.body.for) })}`}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.id === each.id || (each.kind === "substitute" && other.person === each.person)} />
        </li>`,
      )}
      ${visitors
        .filter((each) => each.comesAs === null)
        .map((each) => html`<li><b>${desk.nameOf(each.person)}</b> · ${each.person} · ${tell("beside.visitor")}
          <${TakeBack} desk=${desk} isMeant=${(/** @type {LedgerRecord} */ other) => other.person === each.person} />
        </li>`)}
    </ul>
    <form class="stack" onSubmit=${add}>
      <label>
        ${tell("beside.kind")}
        <select name="kind" value=${kind} onChange=${(/** @type {any} */ event) => setKind(event.target.value)}>
          ${KINDS.map((each) => html`<option value=${each}>${tell(`beside.of.${each}`)}</option>`)}
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
