/** The chair's view: pending requests with their reasons; presiding; the closing. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { describeLeave, sayOwed } from "./absence.js";
import { readForm, TextField } from "./fields.js";
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
  const decided = requestsOf(desk).filter((request) => requestState(desk, request) !== "pending");
  useFetchedDetails(desk, waiting);
  return html`<h2>${tell("decide.title")}</h2>
    <p role="status">${waiting.length > 0 ? tell("decide.waiting", { n: waiting.length }) : tell("decide.none")}</p>
    <ul class="told">
      ${waiting.map((request) => html`<${Request} key=${request.id} desk=${desk} request=${request} />`)}
    </ul>
    ${decided.length > 0 &&
    html`<details>
      <summary>${tell("decide.decided", { n: decided.length })}</summary>
      <ul class="told">
        ${decided.map((request) => html`<li><b>${desk.nameOf(request.person)}</b> · <span class="tag">${nameOfCode("request", requestState(desk, request))}</span></li>`)}
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
  const detail = desk.detailContents.get(request.body.detail);
  const { person } = request;
  const isOwnRequest = person === desk.enrolment.person || request.body.for === desk.enrolment.person;
  const isClosed = desk.hall.all.closing !== null;
  const secretary = desk.hall.all.chair.secretary;
  const { absenceAuthority, secretaryAuthority } = desk.hall.all.terms;
  const isReserved = (person === secretary ? secretaryAuthority : absenceAuthority) === "headquarters";

  async function decide(/** @type {any} */ event) {
    const { note } = readForm(event);
    const decision = event.submitter?.value ?? "approve";
    const draft = { kind: "absence_decision", person, refs: [request.id], source: "search", body: { decision } };
    await desk.record(draft, note ? { note } : undefined, `${nameOfCode("decision", decision)}: ${desk.nameOf(person)}`);
  }

  async function showScan() {
    const fetched = await fetchDetail(desk, request.body.detail);
    setScan(fetched?.scan ?? "");
  }

  return html`<li>
    <b>${desk.nameOf(person)}</b> · ${timeOf(request.at)}
    <br />${request.kind === "substitute"
      ? tell("decide.substitute", { name: desk.nameOf(request.body.for) })
      : detail
        ? describeLeave(detail)
        : tell("decide.no_detail")}
    ${request.body.report === "to_follow" && html`<br /><span class="late">${sayOwed(request)}</span>`}
    ${detail?.hasScan && !scan && html`<button onClick=${showScan}>${tell("decide.look")}</button>`}
    ${scan && html`<img class="scan" src=${scan} alt=${tell("absence.has_photo")} />`}
    ${isOwnRequest || isReserved || isClosed
      ? html`<p class="muted">${tell(isClosed ? "decide.closed" : isOwnRequest ? "decide.own" : "decide.reserved")}</p>`
      : html`<form class="stack" onSubmit=${decide}>
          <${TextField} name="note" label=${tell("note")} isOptional />
          <p class="tools">
            <button class="main" value="approve">${nameOfCode("decision", "approve")}</button>
            <button value="decline">${nameOfCode("decision", "decline")}</button>
          </p>
        </form>`}
  </li>`;
}

/** Fetch the details of pending requests while there is a line, to read them without one.
 * @param {Desk} desk @param {LedgerRecord[]} requests */
function useFetchedDetails(desk, requests) {
  const missingShas = requests.map((request) => request.body.detail).filter((sha256) => sha256 && !desk.detailContents.has(sha256));
  useEffect(() => {
    if (desk.outcome?.state !== "sent") return;
    void (async () => {
      for (const sha256 of missingShas) {
        const detail = await fetchDetail(desk, sha256);
        if (detail && desk.meeting) await desk.drawer.storeDetailContent(desk.meeting.id, sha256, detail);
      }
      if (missingShas.length > 0) await desk.reload();
    })();
  }, [desk, desk.outcome, missingShas.join()]);
}

/** @param {Desk} desk @param {string} sha256 @returns {Promise<any>} */
async function fetchDetail(desk, sha256) {
  const token = await readToken(desk.db, desk.enrolment.device, desk.key);
  const result = await call(`/details/${sha256}`, { token });
  return result.ok && !(result.data instanceof Blob) ? result.data : null;
}
