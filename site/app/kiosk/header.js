/** The honest header: where this is, what time it is, what has not been sent, what was refused. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { say, sayCode, timeOf } from "./say.js";
import { useKeptShell } from "./shell.js";

const SUSPECT_SKEW_MS = 120_000;
const MINUTE_MS = 60_000;

/**
 * @param {{enrolment: import("./types.js").Enrolment, state: import("./roll-call.js").State,
 *   outcome: import("./sync.js").Outcome | null, onSend: () => void}} props
 */
export function Header({ enrolment, state, outcome, onSend }) {
  const isKept = useKeptShell();
  const last = state.lastSentAt ? timeOf(state.lastSentAt) : "–";
  const facts = { unsent: state.unsent, refused: state.refused, last };
  return html`<header class="bar honest">
    <div class="where"><b>${enrolment.point}</b> ${enrolment.point_name}</div>
    <${Clock} />
    <div class="queue" role="status">
      <span class=${state.unsent ? "waiting" : ""}>
        ${state.unsent === null ? say("queue.reading") : say("queue", facts)}
      </span>
      ${state.held > 0 && html`<span> · ${say("queue.held", { n: state.held })}</span>`}
      ${outcome?.state === "offline" && html`<span> · ${say("queue.offline")}</span>`}
      <span> · ${say(isKept ? "shell.kept" : "shell.not_kept")}</span>
    </div>
    <button class="plain" onClick=${onSend}>${say("queue.send")}</button>
  </header>`;
}

/** What the clerk should know and do; nothing where all is well.
 * @param {{outcome: import("./sync.js").Outcome | null}} props */
export function Notices({ outcome }) {
  const skewMs = outcome?.skewMs ?? 0;
  const minutes = Math.round(Math.abs(skewMs) / MINUTE_MS);
  return html`${outcome?.state === "stopped" &&
    html`<p class="notice" role="alert">${sayCode(outcome.code ?? "")} ${say("stopped")}</p>`}
    ${Math.abs(skewMs) > SUSPECT_SKEW_MS &&
    html`<p class="notice">${say(skewMs < 0 ? "clock.fast" : "clock.slow", { minutes })}</p>`}
    ${!window.isSecureContext && html`<p class="notice">${say("insecure")}</p>`}`;
}

function Clock() {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5000);
    return () => clearInterval(timer);
  }, []);
  return html`<time class="clock">${timeOf(now)}</time>`;
}
