/** One person: a line of the list, and the answer that fills the screen for a moment. */

import { html } from "htm/preact";

import { say, sayPosition, timeOf } from "./say.js";

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("../standing.js").PersonStanding} PersonStanding
 */

/** @type {Record<string, string>} */
const STATES = { absent_excused: "excused", absent_unexcused: "unexcused" };
/** @type {Record<string, string>} */
const SIGNS = { excused: "◇", unexcused: "✕", unrecorded: "○" };

/**
 * @param {{line: RosterLine, units: Record<string, string>, standing?: PersonStanding,
 *   onTap: (line: RosterLine) => void}} props
 */
export function PersonRow({ line, units, standing, onTap }) {
  const about = `${describe(line, units)} · ${line.person}`;
  return html`<li>
    <button class="person" onClick=${() => onTap(line)}>
      <span class="name">${line.name}</span>
      <span class="seat">${line.seat}</span>
      <span class="about">${about}</span>
      <span class="state ${stateOf(standing)}">${sayState(standing)}</span>
    </button>
  </li>`;
}

/**
 * The whole screen is the answer. Any key, or a tap, goes on.
 * @param {{line: RosterLine, units: Record<string, string>, standing?: PersonStanding, was: boolean,
 *   isOnline: boolean, canUndo: boolean, onClose: () => void, onUndo: () => void}} props
 */
export function Answer({ line, units, standing, was, isOnline, canUndo, onClose, onUndo }) {
  const at = arrivalOf(standing);
  const message = say(was ? "answer.was" : isOnline ? "answer.stored" : "answer.queued", { at });
  return html`<div class="answer ${stateOf(standing)}" role="alertdialog" onClick=${onClose}>
    <p class="band">${sayState(standing)}</p>
    <p class="who">${line.name}</p>
    <p>${describe(line, units)} · ${line.person}</p>
    ${line.seat && html`<p class="place">${say("answer.seat")} <b>${line.seat}</b></p>`}
    <p>${message}</p>
    <p class="muted">${say("answer.phone")}</p>
    ${canUndo &&
    html`<button
      class="undo"
      onClick=${(/** @type {Event} */ event) => {
        event.stopPropagation();
        onUndo();
      }}
    >
      ↶ ${say("undo", { name: line.name })}
    </button>`}
  </div>`;
}

/** @param {RosterLine} line @param {Record<string, string>} units */
function describe(line, units) {
  return [sayPosition(line.position), units[line.unit] ?? line.unit].filter(Boolean).join(" · ");
}

/** When they came, or nothing. */
function arrivalOf(/** @type {PersonStanding | undefined} */ standing) {
  const first = standing?.stays[0];
  return first ? timeOf(first[0]) : "";
}

function stateOf(/** @type {PersonStanding | undefined} */ standing) {
  if (standing?.standing === "present") return standing.isLate ? "late" : "present";
  return STATES[standing?.standing ?? "not_recorded"] ?? "unrecorded";
}

function sayState(/** @type {PersonStanding | undefined} */ standing) {
  const at = arrivalOf(standing);
  if (standing?.standing !== "present") {
    const state = stateOf(standing);
    return `${SIGNS[state]} ${say(`state.${standing?.standing ?? "not_recorded"}`)}`;
  }
  if (!standing.isLate) return `● ${say("state.present", { at })}`;
  return `◐ ${say("state.late", { at, minutes: standing.lateMinutes })}`;
}
