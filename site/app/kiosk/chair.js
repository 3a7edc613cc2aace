/** The chair's own view: requests that wait, with their reasons; presiding; the closing. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { describeLeave, sayOwed } from "./absence.js";
import { filled, TextField } from "./fields.js";
import { Chair } from "./hall/chairing.js";
import { Closing } from "./hall/closing.js";
import { requestsOf, requestState, waitingOf } from "./requests.js";
import { Counts } from "./roll-call.js";
import { timeOf } from "./say.js";
import { call } from "./server.js";
import { readToken } from "./sync.js";
import { nameOfCode, tell } from "./tell.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 */

/** @param {import("./desk-view.js").ViewProps} props */
export function View({ desk }) {
  const waiting = waitingOf(desk);
  const decided = requestsOf(desk).filter((each) => requestState(desk, each) !== "pending");
  useFetchedDetails(desk, waiting);
  return html`<h2>${tell("decide.title")}</h2>
    <p role="status">${waiting.length > 0 ? tell("decide.waiting", { n: waiting.length }) : tell("decide.none")}</p>
    <ul class="told">
      ${waiting.map((each) => html`<${Request} key=${each.id} desk=${desk} request=${each} />`)}
    </ul>
    ${decided.length > 0 &&
    html`<details>
      <summary>${tell("decide.decided", { n: decided.length })}</summary>
      <ul class="told">
        ${decided.map((each) => html`<li><b>${desk.nameOf(each.person)}</b> · <span class="tag">${nameOfCode("request", requestState(desk, each))}</span></li>`)}
      </ul>
    </details>`}
    <h2>${tell("step.chair")}</h2>
    <${Chair} desk=${desk} />
    <h2>${tell("step.closing")}</h2>
    <${Counts} desk=${desk} />
    <${Closing} desk=${desk} />`;
}

/** @param {{desk: Desk, request: LedgerRecord}} props */
function Request({ desk, request }) {
  const [scan, setScan] = useState("");
  const told = desk.told.get(request.body.detail);
  const { person } = request;
  const isOwn = person === desk.enrolment.person || request.body.for === desk.enrolment.person;
  const isClosed = desk.hall.all.closing !== null;
  const secretary = desk.hall.all.chair.secretary;
  const { absenceAuthority, secretaryAuthority } = desk.hall.all.terms;
  const isReserved = (person === secretary ? secretaryAuthority : absenceAuthority) === "headquarters";

  async function decide(/** @type {any} */ event) {
    const { note } = filled(event);
    const decision = event.submitter?.value ?? "approve";
    const draft = { kind: "absence_decision", person, refs: [request.id], source: "search", body: { decision } };
    await desk.record(draft, note ? { note } : undefined, `${nameOfCode("decision", decision)}: ${desk.nameOf(person)}`);
  }

  async function look() {
    const found = await fetchDetail(desk, request.body.detail);
    setScan(found?.scan ?? "");
  }

  return html`<li>
    <b>${desk.nameOf(person)}</b> · ${timeOf(request.at)}
    <br />${request.kind === "substitute"
      ? tell("decide.substitute", { name: desk.nameOf(request.body.for) })
      : told
        ? describeLeave(told)
        : tell("decide.no_detail")}
    ${request.body.report === "to_follow" && html`<br /><span class="late">${sayOwed(request)}</span>`}
    ${told?.hasScan && !scan && html`<button onClick=${look}>${tell("decide.look")}</button>`}
    ${scan && html`<img class="scan" src=${scan} alt=${tell("absence.has_photo")} />`}
    ${isOwn || isReserved || isClosed
      ? html`<p class="muted">${tell(isClosed ? "decide.closed" : isOwn ? "decide.own" : "decide.reserved")}</p>`
      : html`<form class="stack" onSubmit=${decide}>
          <${TextField} name="note" label=${tell("note")} isOptional />
          <p class="tools">
            <button class="main" value="approve">${nameOfCode("decision", "approve")}</button>
            <button value="decline">${nameOfCode("decision", "decline")}</button>
          </p>
        </form>`}
  </li>`;
}

/** Fetch while there is a line what waiting requests say, so that it is here when there is none.
 * @param {Desk} desk @param {LedgerRecord[]} requests */
function useFetchedDetails(desk, requests) {
  const lacking = requests.map((each) => each.body.detail).filter((each) => each && !desk.told.has(each));
  useEffect(() => {
    if (desk.outcome?.state !== "sent") return;
    void (async () => {
      for (const sha256 of lacking) {
        const told = await fetchDetail(desk, sha256);
        if (told && desk.meeting) await desk.drawer.remember(desk.meeting.id, sha256, told);
      }
      if (lacking.length > 0) await desk.reload();
    })();
  }, [desk, desk.outcome, lacking.join()]);
}

/** @param {Desk} desk @param {string} sha256 @returns {Promise<any>} */
async function fetchDetail(desk, sha256) {
  const token = await readToken(desk.db, desk.enrolment.device, desk.key);
  const result = await call(`/details/${sha256}`, { token });
  return result.ok && !(result.data instanceof Blob) ? result.data : null;
}
