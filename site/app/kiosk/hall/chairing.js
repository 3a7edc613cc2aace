/** The chair of the hall: the Secretary, or the Deputy named by the Secretary in writing. */

import { html } from "htm/preact";

import { checkIn, isInHallNow } from "../check-in.js";
import { readForm, PersonField, TextField } from "../fields.js";
import { timeOf } from "../say.js";
import { recordsInForce } from "../standing.js";
import { officersAt } from "../../standing/settings.js";
import { tell } from "../tell.js";

/** @param {{desk: import("../desk.js").Desk}} props */
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
    if (!desk.isChair && line && !isInHallNow(desk, person) && !(await checkIn(desk, [line], "search", null))) return;
    const refs = person === chair.delegate && lastDelegation ? { refs: [lastDelegation.id] } : {};
    await desk.record({ kind: "chair_assumed", person, ...refs, source: "search", body: {} }, undefined, tell("chair.assumed"));
  }

  async function delegate(/** @type {Event} */ event) {
    const { to, number, date, note } = readForm(event);
    const personal = Object.fromEntries(Object.entries({ number, date, note }).filter(([, value]) => value));
    const draft = { kind: "chair_delegation", person: secretary ?? "", source: "search", body: { to } };
    await desk.record(draft, Object.keys(personal).length > 0 ? personal : undefined, tell("chair.delegation"));
  }

  if (!secretary) return html`<p class="notice">${tell("chair.unknown")}</p>`;
  return html`<p>${presiding ? tell("chair.presides", { name: desk.nameOf(presiding), at: timeOf(lastSpan?.from_ms ?? 0) }) : tell("chair.nobody")}</p>
    ${chair.is_escalated && html`<p class="notice">${tell("chair.escalated")}</p>`}
    ${mayPreside.map(
      (person) => html`<p>
        <b>${desk.nameOf(person)}</b> · ${tell(person === secretary ? "chair.secretary" : "chair.deputy")}
        ${person !== presiding && html`<button onClick=${() => assume(person)}>${tell("chair.assume")}</button>`}
      </p>`,
    )}
    ${lastDelegation &&
    html`<p class=${flags[lastDelegation.id]?.includes("without_authority") ? "unexcused" : ""}>
      ${tell("chair.delegated", { at: timeOf(lastDelegation.at), name: desk.nameOf(lastDelegation.body.to) })}
      ${desk.detailContents.get(lastDelegation.body.detail)?.number ? ` · ${tell("chair.paper", { number: desk.detailContents.get(lastDelegation.body.detail).number })}` : ""}
    </p>`}
    ${deputies.length > 0 &&
    html`<details>
      <summary>${tell("chair.delegate")}</summary>
      <form class="stack" onSubmit=${delegate}>
        <p class="muted">${tell("chair.delegate_why", { name: desk.nameOf(secretary) })}</p>
        <${PersonField} desk=${desk} name="to" label=${tell("chair.to")} among=${deputies} />
        <${TextField} name="number" label=${tell("absence.number")} max=${40} isOptional=${desk.isChair} />
        <${TextField} name="date" label=${tell("absence.date")} type="date" isOptional />
        <${TextField} name="note" label=${tell("note")} isOptional />
        <button class="main">${tell("save")}</button>
      </form>
    </details>`}`;
}
