/** Shows the chair's room: pending requests with their reasons, who presides, and the closing. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { describeLeave, reportDueText } from "../hall/absence.js";
import { readForm, TextField } from "./fields.js";
import { isOwnRequest, isReserved } from "../../rules/deciding.js";
import { Chair } from "../hall/chairing.js";
import { Closing } from "../hall/closing.js";
import { isReportDue, leaveRequestsOf, waitingOf } from "./requests.js";
import { Counts } from "./roll-call.js";
import { timeOf } from "../words/messages.js";
import { call } from "../sync/server.js";
import { readToken } from "../sync/sync.js";
import { nameOfCode, roomText } from "../words/room-messages.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../../rules/requests.js").Request} LeaveRequest
 */

/** Show the requests to decide on, the decided leave requests, who presides, and the closing.
 * @param {import("./desk-view.js").ViewProps} props */
export function View({ desk }) {
  const waiting = desk.hall.all.closing ? [] : waitingOf(desk); // nobody here may decide any more
  const decided = leaveRequestsOf(desk).filter((request) => request.state !== "pending");
  useFetchedDetails(desk, waiting.filter((request) => mayReadDetail(desk, request)));
  return html`<h2>${roomText("decide.title")}</h2>
    <p role="status">${waiting.length > 0 ? roomText("decide.waiting", { n: waiting.length }) : roomText("decide.none")}</p>
    <ul class="entries">
      ${waiting.map((request) => html`<${Request} key=${request.id} desk=${desk} request=${request} />`)}
    </ul>
    ${decided.length > 0 &&
    html`<details>
      <summary>${roomText("decide.decided", { n: decided.length })}</summary>
      <ul class="entries">
        ${decided.map((request) => html`<li><b>${desk.nameOf(request.person)}</b> · ${request.person} · <span class="tag">${nameOfCode("request", request.state)}</span></li>`)}
      </ul>
    </details>`}
    <h2>${roomText("step.chair")}</h2>
    <${Chair} desk=${desk} />
    <h2>${roomText("step.closing")}</h2>
    <${Counts} desk=${desk} />
    <${Closing} desk=${desk} />`;
}

/** Show one request and the form that decides on it. If the chair may not decide, show the reason
 * instead of the form.
 * @param {{desk: Desk, request: LeaveRequest}} props */
function Request({ desk, request }) {
  const [scan, setScan] = useState("");
  const detail = desk.detailContents.get(request.detail ?? "");
  const { person } = request;
  const isOwn = isOwnRequest(desk.enrolment.person, person, request.instead_of);
  const isClosed = desk.hall.all.closing !== null;
  const isForHeadquarters = isReserved(desk.hall.all.terms, person, request.instead_of, desk.nowMs);

  async function decide(/** @type {any} */ event) {
    const { note } = readForm(event);
    const decision = event.submitter?.value ?? "approve";
    const draft = { kind: "absence_decision", person, refs: [request.id], source: "search", body: { decision } };
    await desk.record(draft, note ? { note } : undefined, `${nameOfCode("decision", decision)}: ${desk.nameOf(person)}`);
  }

  async function showScan() {
    const fetched = await fetchDetail(desk, request.detail ?? "");
    setScan(fetched?.scan ?? "");
  }

  return html`<li>
    <b>${desk.nameOf(person)}</b> · ${person} · ${timeOf(request.at_ms)}
    <br />${request.instead_of !== null
      ? roomText("decide.substitute", { name: desk.nameOf(request.instead_of) })
      : detail
        ? describeLeave(detail)
        : roomText(mayReadDetail(desk, request) ? "decide.no_detail" : "decide.detail_reserved")}
    ${isReportDue(request) && html`<br /><span class="late">${reportDueText(request)}</span>`}
    ${detail?.hasScan && !scan && html`<button onClick=${showScan}>${roomText("decide.look")}</button>`}
    ${scan && html`<img class="scan" src=${scan} alt=${roomText("absence.has_photo")} />`}
    ${isOwn || isForHeadquarters || isClosed
      ? html`<p class="muted">${roomText(isClosed ? "decide.closed" : isOwn ? "decide.yours" : "decide.reserved")}</p>`
      : html`<form class="stack" onSubmit=${decide}>
          <${TextField} name="note" label=${roomText("note")} isOptional />
          <p class="tools">
            <button class="main" value="approve">${nameOfCode("decision", "approve")}</button>
            <button value="decline">${nameOfCode("decision", "decline")}</button>
          </p>
        </form>`}
  </li>`;
}

/** Return whether the server decrypts a request's detail for this chair. The chair must be allowed
 * to decide on the request, and the request must not concern the chair.
 * @param {Desk} desk @param {LeaveRequest} request */
function mayReadDetail(desk, { person, instead_of }) {
  const isOwn = isOwnRequest(desk.enrolment.person, person, instead_of);
  return !isOwn && !isReserved(desk.hall.all.terms, person, instead_of, desk.nowMs);
}

/** Fetch the missing details of these requests after every successful sync, and store them so that
 * the chair can read them offline later.
 * @param {Desk} desk @param {LeaveRequest[]} requests */
function useFetchedDetails(desk, requests) {
  const missingShas = requests.flatMap(({ detail }) => (detail && !desk.detailContents.has(detail) ? [detail] : []));
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

/** Fetch a detail, decrypted by the server; null if the call fails or the detail is not JSON.
 * @param {Desk} desk @param {string} sha256 @returns {Promise<any>} */
async function fetchDetail(desk, sha256) {
  const token = await readToken(desk.db, desk.enrolment.device, desk.key);
  const result = await call(`/details/${sha256}`, { token });
  return result.ok && !(result.data instanceof Blob) ? result.data : null;
}
