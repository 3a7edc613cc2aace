/** Shows a guide through the day: the hall's steps before the meeting, at its opening, during it
 * and at its closing. */

import { html } from "htm/preact";
import { useRef, useState } from "preact/hooks";

import { AbsenceForm, Requests } from "./absence.js";
import { leaveRequestsOf, waitingOf } from "../desk/requests.js";
import { timeOf } from "../words/messages.js";
import { Counts } from "../desk/roll-call.js";
import { roomText } from "../words/room-messages.js";
import { AttendanceFile } from "./attendance-file.js";
import { Chair } from "./chairing.js";
import { Closing } from "./closing.js";
import { Conduct } from "./conduct.js";
import { Feedback } from "./feedback.js";
import { Incidents } from "./incidents.js";
import { OtherAttendees } from "./other-attendees.js";
import { Readiness } from "./readiness.js";

/**
 * @typedef {import("../desk/desk.js").Desk} Desk
 * `isOpen`: true if the step is still to be done, false if it is done, null if there is nothing to do yet.
 * @typedef {{phase: string, key: string, isOpen: boolean | null, note?: string,
 *   Part: import("preact").ComponentType<{desk: Desk}>}} Step
 */

const PHASES = ["before", "opening", "during", "closing"];

/** Show the steps of the day by phase, and how many steps are still to be done. Without a meeting,
 * show a notice.
 * @param {import("../desk/desk-view.js").ViewProps} props */
export function View({ desk }) {
  if (!desk.meeting) return html`<p class="empty">${roomText("hall.no_meeting")}</p>`;
  const steps = stepsOf(desk);
  const openSteps = steps.filter((step) => step.isOpen).length;
  return html`<h2>${roomText("hall.title")}</h2>
    <p role="status">${openSteps > 0 ? roomText("hall.left", { n: openSteps }) : roomText("hall.all_done")}</p>
    <${Counts} desk=${desk} />
    ${PHASES.map(
      (phase) => html`<section class="phase">
        <h3>${roomText(`phase.${phase}`)}</h3>
        ${steps.filter((step) => step.phase === phase).map((step) => html`<${StepView} key=${step.key} desk=${desk} step=${step} />`)}
      </section>`,
    )}`;
}

/** Show one step with its state and note. Draw its content when the step is first expanded.
 * @param {{desk: Desk, step: Step}} props */
function StepView({ desk, step: { key, isOpen, note, Part } }) {
  const [isShown, setShown] = useState(false);
  const wasShown = useRef(false); // what was typed in a step stays while the step is collapsed
  wasShown.current ||= isShown;
  return html`<details class="step ${isOpen === null ? "" : isOpen ? "open" : "done"}" open=${isShown} onToggle=${(/** @type {any} */ event) => setShown(event.target.open)}>
    <summary><b>${isOpen === null ? "–" : isOpen ? "○" : "●"} ${roomText(`step.${key}`)}</b>${note && html`<span class="muted"> · ${note}</span>`}</summary>
    ${wasShown.current && html`<${Part} desk=${desk} />`}
  </details>`;
}

/** Return the steps of the day in order. The hall's standing decides which steps are done.
 * @param {Desk} desk @returns {Step[]} */
function stepsOf(desk) {
  const { all } = desk.hall;
  const { counts, chair, closing, missing, incidents, feedback } = all;
  const missingItems = missing.filter((item) => item !== "chair" && item !== "capacity");
  const pending = closing ? 0 : waitingOf(desk).length; // after the closing, nobody here may decide
  const openUnless = (/** @type {boolean} */ isNothing, /** @type {boolean} */ isOpen = false) => (isNothing ? null : isOpen);
  const otherAttendees = counts.guests + counts.substitutes + counts.visitors;
  const noted = counts.calls + counts.private_use + counts.disorder;
  const presiding = chair.spans.at(-1);
  const isPresided = presiding !== undefined && presiding.until_ms === null;
  const ongoing = incidents.filter((incident) => incident.until_ms === null).length;
  return [
    { phase: "before", key: "readiness", isOpen: missingItems.length > 0, note: missingItems.length > 0 ? roomText("step.missing", { n: missingItems.length }) : "", Part: Readiness },
    { phase: "before", key: "absences", isOpen: openUnless(leaveRequestsOf(desk).length + pending === 0, pending > 0), note: pending > 0 ? roomText("step.waiting", { n: pending }) : "", Part: Absences },
    { phase: "opening", key: "chair", isOpen: !isPresided, note: isPresided ? desk.nameOf(presiding.person) : roomText("step.no_chair"), Part: Chair },
    { phase: "during", key: "beside", isOpen: openUnless(otherAttendees === 0), note: roomText("step.beside_n", { n: otherAttendees }), Part: OtherAttendees },
    { phase: "during", key: "conduct", isOpen: openUnless(noted === 0), note: roomText("step.conduct_n", { n: noted }), Part: Conduct },
    { phase: "during", key: "incidents", isOpen: openUnless(counts.incidents === 0, ongoing > 0), note: roomText("step.incidents_n", { n: counts.incidents }), Part: Incidents },
    { phase: "during", key: "file", isOpen: null, Part: AttendanceFile },
    { phase: "closing", key: "closing", isOpen: closing === null, note: closing ? roomText("step.closed", { at: timeOf(closing.at_ms), name: desk.nameOf(closing.person) }) : "", Part: Closing },
    { phase: "closing", key: "feedback", isOpen: openUnless(feedback === null), note: feedback ? roomText("step.feedback_sent") : "", Part: Feedback },
  ];
}

/** Show the leave requests, and a button that opens the form for a new request.
 * @param {{desk: Desk}} props */
function Absences({ desk }) {
  const [isAsking, setAsking] = useState(false);
  if (desk.hall.all.closing) return html`<${Requests} desk=${desk} /><p>${roomText("absence.closed")}</p>`;
  return html`<${Requests} desk=${desk} />
    ${isAsking
      ? html`<${AbsenceForm} desk=${desk} reasons=${desk.hall.all.terms.reasons} onDone=${() => setAsking(false)} />`
      : html`<button onClick=${() => setAsking(true)}>${roomText("absence.new")}</button>`}`;
}
