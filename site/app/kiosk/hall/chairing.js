/** Who presides: the Secretary, or the Deputy whom the Secretary named in writing. */

import { html } from "htm/preact";

import { checkIn, isHere } from "../check-in.js";
import { filled, PersonField, TextField } from "../fields.js";
import { timeOf } from "../say.js";
import { standing } from "../standing.js";
import { officersAt } from "../../standing/settings.js";
import { tell } from "../tell.js";

/** @param {{desk: import("../desk.js").Desk}} props */
export function Chair({ desk }) {
  const { chair, terms, flags } = desk.hall.all;
  const { secretary, deputies } = officersAt(terms);
  const now = chair.spans.at(-1);
  const presiding = now && now.untilMs === null ? now.person : null;
  const delegations = standing(desk.hall.records).filter((each) => each.kind === "chair_delegation");
  const last = delegations.at(-1);
  const may = [secretary, chair.delegate].filter((each) => each !== null);

  async function assume(/** @type {string} */ person) {
    const line = desk.roster.get(person);
    if (!desk.isChair && line && !isHere(desk, person) && !(await checkIn(desk, [line], "search", null))) return;
    const refs = person === chair.delegate && last ? { refs: [last.id] } : {};
    await desk.record({ kind: "chair_assumed", person, ...refs, source: "search", body: {} }, undefined, tell("chair.assumed"));
  }

  async function delegate(/** @type {Event} */ event) {
    const { to, number, date, note } = filled(event);
    const personal = Object.fromEntries(Object.entries({ number, date, note }).filter(([, value]) => value));
    const draft = { kind: "chair_delegation", person: secretary ?? "", source: "search", body: { to } };
    await desk.record(draft, Object.keys(personal).length > 0 ? personal : undefined, tell("chair.delegation"));
  }

  if (!secretary) return html`<p class="notice">${tell("chair.unknown")}</p>`;
  return html`<p>${presiding ? tell("chair.presides", { name: desk.nameOf(presiding), at: timeOf(now?.fromMs ?? 0) }) : tell("chair.nobody")}</p>
    ${chair.isEscalated && html`<p class="notice">${tell("chair.escalated")}</p>`}
    ${may.map(
      (person) => html`<p>
        <b>${desk.nameOf(person)}</b> · ${tell(person === secretary ? "chair.secretary" : "chair.deputy")}
        ${person !== presiding && html`<button onClick=${() => assume(person)}>${tell("chair.assume")}</button>`}
      </p>`,
    )}
    ${last &&
    html`<p class=${flags[last.id]?.includes("without_authority") ? "unexcused" : ""}>
      ${tell("chair.delegated", { at: timeOf(last.at), name: desk.nameOf(last.body.to) })}
      ${desk.told.get(last.body.detail)?.number ? ` · ${tell("chair.paper", { number: desk.told.get(last.body.detail).number })}` : ""}
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
