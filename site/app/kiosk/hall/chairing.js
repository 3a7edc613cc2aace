/** Shows and records who chairs the hall: the Secretary, or the Deputy that the Secretary named in
 * writing. */

import { html } from "htm/preact";

import { checkInDraft, isPresentNow } from "../desk/check-in.js";
import { readForm, PersonField, TextField } from "../desk/fields.js";
import { timeOf } from "../words/messages.js";
import { recordsInForce } from "../desk/hall-standing.js";
import { officersAt } from "../../rules/settings.js";
import { roomText } from "../words/room-messages.js";

/** Return whether a person may take the chair now. Nobody takes it from the Secretary.
 * @param {import("../desk/desk.js").Desk} desk @param {string} person */
export function mayTakeChair(desk, person) {
  const { chair } = desk.hall.all;
  const lastSpan = chair.spans.at(-1);
  const presiding = lastSpan?.until_ms === null ? lastSpan.person : null;
  return person !== presiding && (presiding === null || presiding !== chair.secretary) && [chair.secretary, chair.delegate].includes(person);
}

/** Show the person who presides, a button for every officer who may take the chair, and the form
 * that delegates the chair to a Deputy. If the Secretary is unknown, show only a notice.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Chair({ desk }) {
  const { chair, terms, flags } = desk.hall.all;
  const { secretary, deputies } = officersAt(terms);
  const lastSpan = chair.spans.at(-1);
  const presiding = lastSpan && lastSpan.until_ms === null ? lastSpan.person : null;
  const delegations = recordsInForce(desk.hall.records).filter((record) => record.kind === "chair_delegation");
  const lastDelegation = delegations.at(-1);
  const mayPreside = [secretary, chair.delegate].filter((officer) => officer !== null);

  async function assume(/** @type {string} */ person) {
    const line = desk.roster.get(person);
    const isArriving = !desk.isChair && line !== undefined && !isPresentNow(desk, person);
    const refs = person === chair.delegate && lastDelegation ? { refs: [lastDelegation.id] } : {};
    const assumed = { kind: "chair_assumed", person, ...refs, source: "search", body: {} };
    await desk.recordAll([...(isArriving ? [checkInDraft(line, "search")] : []), assumed].map((draft) => [draft]), roomText("chair.assumed"));
  }

  async function delegate(/** @type {Event} */ event) {
    const { to, number, date, note } = readForm(event);
    const personal = Object.fromEntries(Object.entries({ number, date, note }).filter(([, value]) => value));
    const draft = { kind: "chair_delegation", person: secretary ?? "", source: "search", body: { to } };
    await desk.record(draft, Object.keys(personal).length > 0 ? personal : undefined, roomText("chair.delegation"));
  }

  if (!secretary) return html`<p class="notice">${roomText("chair.unknown")}</p>`;
  return html`<p>${presiding ? roomText("chair.presides", { name: desk.nameOf(presiding), at: timeOf(lastSpan?.from_ms ?? 0) }) : roomText("chair.nobody")}</p>
    ${chair.is_escalated && html`<p class="notice">${roomText("chair.escalated")}</p>`}
    ${mayPreside.map(
      (person) => html`<p>
        <b>${desk.nameOf(person)}</b> · ${roomText(person === secretary ? "chair.secretary" : "chair.deputy")}
        ${mayTakeChair(desk, person) && html`<button onClick=${() => assume(person)}>${roomText("chair.assume")}</button>`}
      </p>`,
    )}
    ${lastDelegation &&
    html`<p class=${flags[lastDelegation.id]?.includes("without_authority") ? "unexcused" : ""}>
      ${roomText("chair.delegated", { at: timeOf(desk.hall.atMsOf(lastDelegation)), name: desk.nameOf(lastDelegation.body.to) })}
      ${desk.detailContents.get(lastDelegation.body.detail)?.number ? ` · ${roomText("chair.paper", { number: desk.detailContents.get(lastDelegation.body.detail).number })}` : ""}
    </p>`}
    ${deputies.length > 0 &&
    html`<details>
      <summary>${roomText("chair.delegate")}</summary>
      <form class="stack" onSubmit=${delegate}>
        <p class="muted">${roomText("chair.delegate_why", { name: desk.nameOf(secretary) })}</p>
        <${PersonField} desk=${desk} name="to" label=${roomText("chair.to")} among=${deputies} />
        <${TextField} name="number" label=${roomText("absence.number")} max=${40} isOptional=${desk.isChair} />
        <${TextField} name="date" label=${roomText("absence.date")} type="date" isOptional />
        <${TextField} name="note" label=${roomText("note")} isOptional />
        <button class="main">${roomText("save")}</button>
      </form>
    </details>`}`;
}
