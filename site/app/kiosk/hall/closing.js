/** The closing: the responsible person looks at the totals and signs the roll off. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { readForm, PersonField, TextField } from "../fields.js";
import { timeOf } from "../say.js";
import { waitingOf } from "../requests.js";
import { seenOf } from "../standing.js";
import { tell } from "../tell.js";

/** @param {{desk: import("../desk.js").Desk}} props */
export function Closing({ desk }) {
  const [fault, setFault] = useState("");
  const { closing, counts, chair, is_amended: isAmended } = desk.hall.all;
  const totals = {
    summoned: counts.summoned,
    present: counts.present,
    late: counts.late,
    absent_excused: counts.absent_excused,
    absent_unexcused: counts.absent_unexcused,
    not_recorded: counts.not_recorded,
    guests: counts.guests,
    substitutes: counts.substitutes,
  };

  async function close(/** @type {Event} */ event) {
    const { who, sure, early: isSureOfEarly, note } = readForm(event);
    if (!sure || (early && !isSureOfEarly)) return setFault(tell("closing.not_sure"));
    const body = { seen: seenOf(desk.hall.records), totals };
    await desk.record({ kind: "closing", person: who, source: "search", body }, note ? { note } : undefined, tell("step.closing"));
    return setFault("");
  }

  async function reopen(/** @type {Event} */ event) {
    const { who, reason } = readForm(event);
    await desk.record({ kind: "reopening", person: who, source: "search", body: {} }, { reason }, tell("closing.reopening"));
  }

  const { starts_ms: startsMs, ends_ms: endsMs } = desk.hall.all.terms;
  const isBefore = (/** @type {number | null} */ atMs) => atMs !== null && Date.now() < atMs;
  const early = isBefore(startsMs) ? "closing.not_begun" : isBefore(endsMs) ? "closing.not_over" : "";
  const waiting = waitingOf(desk).length;
  const signers = desk.isChair ? [desk.enrolment.person ?? ""] : undefined;
  const defaultSigner = desk.enrolment.person ?? chair.spans.at(-1)?.person ?? chair.named;
  if (closing) {
    return html`<p>${tell("closing.closed", { at: timeOf(closing.at_ms), name: desk.nameOf(closing.person) })}</p>
      ${isAmended && html`<p class="notice">${tell("closing.amended")}</p>`}
      ${desk.isChair
        ? html`<form class="stack" onSubmit=${reopen}>
            <${PersonField} desk=${desk} name="who" label=${tell("closing.who")} among=${signers} value=${defaultSigner} />
            <${TextField} name="reason" label=${tell("closing.reason")} />
            <button>${tell("closing.reopen")}</button>
          </form>`
        : html`<p class="muted">${tell("closing.reopen_who")}</p>`}`;
  }
  return html`<dl class="totals">
      ${Object.entries(totals).map(([name, count]) => html`<div><dt>${tell(`total.${name}`)}</dt><dd>${count}</dd></div>`)}
    </dl>
    ${counts.not_recorded > 0 && html`<p class="notice">${tell("closing.rest", { n: counts.not_recorded })}</p>`}
    ${waiting > 0 && html`<p class="notice">${tell("closing.waiting", { n: waiting })}</p>`}
    ${desk.fates.unsent > 0 && html`<p class="muted">${tell("closing.unsent", { n: desk.fates.unsent })}</p>`}
    <form class="stack" onSubmit=${close}>
      <${PersonField} desk=${desk} name="who" label=${tell("closing.who")} among=${signers} value=${defaultSigner} />
      <${TextField} name="note" label=${tell("note")} isOptional />
      <label class="tick"><input type="checkbox" name="sure" /> ${tell("closing.sure")}</label>
      ${early && html`<label class="tick unexcused"><input type="checkbox" name="early" /> ${tell(early)}</label>`}
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${tell("closing.close")}</button>
    </form>`;
}
