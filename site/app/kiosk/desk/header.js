/** Shows the header: the point, the time, and how many records are unsent, held or refused. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { say, sayCode, timeOf } from "../words/messages.js";
import { renewShell, SHELL_LIST, useSavedState } from "../device/offline-shell.js";
import rules from "../../../rules.json" with { type: "json" };

const SUSPECT_SKEW_MS = rules.suspect_skew_ms;
const MINUTE_MS = 60_000;

/** @typedef {import("./desk.js").Desk} Desk */

/** Show the point, the time, the state of the queue, and buttons to send and to lock.
 * @param {{desk: Desk, onLock: () => void}} props */
export function Header({ desk, onLock }) {
  const { isKept } = useSavedState(SHELL_LIST);
  const [isOpen, setOpen] = useState(false); // on a small screen: whether the whole header is shown
  const { fates, outcome, enrolment } = desk;
  const lastSent = desk.lastSentAt ? timeOf(desk.lastSentAt) : "–";
  return html`<header class=${`bar honest ${isOpen ? "open" : ""}`}>
    <h1 class="where"><b>${enrolment.point}</b> ${enrolment.point_name}</h1>
    <span class=${`brief ${fates.unsent ? "waiting" : ""}`} aria-hidden="true">${desk.isRead ? say("queue.brief", { n: fates.unsent }) : "…"}</span>
    <${Clock} desk=${desk} />
    <button class="plain rest" aria-expanded=${isOpen} aria-label=${say("header.rest")} onClick=${() => setOpen(!isOpen)}>⋯</button>
    <div class="queue" role="status">
      <span class=${fates.unsent ? "waiting" : ""}>
        ${desk.isRead ? say("queue", { unsent: fates.unsent, refused: fates.refused, last: lastSent }) : say("queue.reading")}
      </span>
      ${fates.details > 0 && html`<span> · ${say("queue.details", { n: fates.details })}</span>`}
      ${fates.held > 0 && html`<span> · ${say("queue.held", { n: fates.held })}</span>`}
      ${outcome?.state === "offline" && html`<span> · ${say("queue.offline")}</span>`}
      ${outcome?.state === "busy" && html`<span> · ${say(outcome.code === "store" ? "queue.no_store" : "queue.no_answer")}</span>`}
      <span> · ${say(isKept ? "shell.kept" : "shell.not_kept")}</span>
    </div>
    <div class="acts">
      <button class="plain" onClick=${() => desk.send()}>${say("queue.send")}</button>
      <button class="plain" onClick=${onLock}>${say("lock.do")}</button>
    </div>
  </header>`;
}

/** Show notices for the clerk, such as a storage fault or a wrong clock. Show nothing if all is
 * well.
 * @param {{desk: Desk}} props */
export function Notices({ desk }) {
  const { isNewer } = useSavedState(SHELL_LIST);
  const { skewMs } = desk;
  const minutes = Math.round(Math.abs(skewMs) / MINUTE_MS);
  const isLostUnsent = desk.wasDatabaseLost && desk.fates.unsent > 0;
  return html`${desk.fault && html`<p class="notice bad" role="alert">${say(desk.fault)}</p>`}
    ${isLostUnsent && html`<p class="notice bad" role="alert">${say("store.lost")}</p>`}
    ${desk.outcome?.state === "stopped" &&
    html`<p class="notice bad" role="alert">${sayCode(desk.outcome.code ?? "")} ${say("stopped")}</p>`}
    ${Math.abs(skewMs) > SUSPECT_SKEW_MS &&
    html`<p class="notice">${say(skewMs < 0 ? "clock.fast" : "clock.slow", { minutes })}</p>`}
    ${(desk.enrolment.owing ?? []).map(
      ({ device, unsent, last_contact_at: at }) => html`<p class="notice" role="status">${say("owing", { device, n: unsent, at: at ? timeOf(at) : "–" })}</p>`,
    )}
    ${desk.enrolment.owing?.length > 0 && html`<p class="notice"><button onClick=${() => desk.forgetOwing()}>${say("owing.known")}</button></p>`}
    ${desk.hall.all.closing &&
    html`<p class="notice">${say("closed", { at: timeOf(desk.hall.all.closing.at_ms) })}</p>`}
    ${desk.meeting?.rehearsal && html`<p class="notice">${say("rehearsal")}</p>`}
    ${isNewer &&
    html`<p class="notice">${say("shell.newer")} <button onClick=${renewShell}>${say("shell.renew")}</button></p>`}`;
}

/** Show the time of day by the server's clock, as last known. @param {{desk: Desk}} props */
function Clock({ desk }) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => redraw((n) => n + 1), 5000);
    return () => clearInterval(timer);
  }, []);
  return html`<time class="clock">${timeOf(desk.nowMs)}</time>`;
}
