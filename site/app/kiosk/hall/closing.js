/** Shows the totals to the responsible person, who then signs the roll off. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { readForm, PersonField, TextField } from "../desk/fields.js";
import { timeOf } from "../words/messages.js";
import { waitingOf } from "../desk/requests.js";
import { seenOf } from "../desk/hall-standing.js";
import { roomText } from "../words/room-messages.js";

/** Show the totals and the form that signs the roll off. After the sign-off, show the signer and,
 * on a chair's device, the form that reopens the roll.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
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
    if (!sure || (early && !isSureOfEarly)) return setFault(roomText("closing.not_sure"));
    const body = { seen: seenOf(desk.hall.records), totals };
    await desk.record({ kind: "closing", person: who, source: "search", body }, note ? { note } : undefined, roomText("step.closing"));
    return setFault("");
  }

  async function reopen(/** @type {Event} */ event) {
    const { who, reason } = readForm(event);
    await desk.record({ kind: "reopening", person: who, source: "search", body: {} }, { reason }, roomText("closing.reopening"));
  }

  const { starts_ms: startsMs, ends_ms: endsMs } = desk.hall.all.terms;
  const isBefore = (/** @type {number | null} */ atMs) => atMs !== null && desk.nowMs < atMs;
  const early = isBefore(startsMs) ? "closing.not_begun" : isBefore(endsMs) ? "closing.not_over" : "";
  const waiting = waitingOf(desk).length;
  const signers = desk.isChair ? [desk.enrolment.person ?? ""] : undefined;
  const defaultSigner = desk.enrolment.person ?? chair.spans.at(-1)?.person ?? chair.named;
  if (closing) {
    return html`<p>${roomText("closing.closed", { at: timeOf(closing.at_ms), name: desk.nameOf(closing.person) })}</p>
      ${isAmended && html`<p class="notice">${roomText("closing.amended")}</p>`}
      ${desk.isChair
        ? html`<form class="stack" onSubmit=${reopen}>
            <${PersonField} desk=${desk} name="who" label=${roomText("closing.who")} among=${signers} value=${defaultSigner} />
            <${TextField} name="reason" label=${roomText("closing.reason")} />
            <button>${roomText("closing.reopen")}</button>
          </form>`
        : html`<p class="muted">${roomText("closing.reopen_who")}</p>`}`;
  }
  return html`<dl class="totals">
      ${Object.entries(totals).map(([name, count]) => html`<div><dt>${roomText(`total.${name}`)}</dt><dd>${count}</dd></div>`)}
    </dl>
    ${counts.not_recorded > 0 && html`<p class="notice">${roomText("closing.rest", { n: counts.not_recorded })}</p>`}
    ${waiting > 0 && html`<p class="notice">${roomText("closing.waiting", { n: waiting })}</p>`}
    ${desk.fates.unsent > 0 && html`<p class="muted">${roomText("closing.unsent", { n: desk.fates.unsent })}</p>`}
    <form class="stack" onSubmit=${close}>
      <${PersonField} desk=${desk} name="who" label=${roomText("closing.who")} among=${signers} value=${defaultSigner} />
      <${TextField} name="note" label=${roomText("note")} isOptional />
      <label class="tick"><input type="checkbox" name="sure" /> ${roomText("closing.sure")}</label>
      ${early && html`<label class="tick unexcused"><input type="checkbox" name="early" /> ${roomText(early)}</label>`}
      ${fault && html`<p class="fault" role="alert">${fault}</p>`}
      <button class="main">${roomText("closing.close")}</button>
    </form>`;
}
