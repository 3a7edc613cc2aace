/** One person: a line of the list, and the answer that fills the screen for a moment. */

import { html } from "htm/preact";

import { say, sayPosition, timeOf } from "./say.js";

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./standing.js").Presence} Presence
 */

/**
 * @param {{line: RosterLine, units: Record<string, string>, presence?: Presence,
 *   onTap: (line: RosterLine) => void}} props
 */
export function PersonRow({ line, units, presence, onTap }) {
  const about = `${describe(line, units)} · ${line.person}`;
  return html`<li>
    <button class="person" onClick=${() => onTap(line)}>
      <span class="name">${line.name}</span>
      <span class="seat">${line.seat}</span>
      <span class="about">${about}</span>
      <span class="state ${stateOf(presence)}">${sayState(presence)}</span>
    </button>
  </li>`;
}

/**
 * The whole screen is the answer. Any key, or a tap, goes on.
 * @param {{line: RosterLine, units: Record<string, string>, presence?: Presence, was: boolean,
 *   isOnline: boolean, canUndo: boolean, onClose: () => void, onUndo: () => void}} props
 */
export function Answer({ line, units, presence, was, isOnline, canUndo, onClose, onUndo }) {
  const at = presence ? timeOf(presence.atMs) : "";
  const message = say(was ? "answer.was" : isOnline ? "answer.stored" : "answer.queued", { at });
  return html`<div class="answer ${stateOf(presence)}" role="alertdialog" onClick=${onClose}>
    <p class="band">${sayState(presence)}</p>
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

function stateOf(/** @type {Presence | undefined} */ presence) {
  if (!presence) return "unrecorded";
  return presence.lateMinutes === null ? "present" : "late";
}

function sayState(/** @type {Presence | undefined} */ presence) {
  if (!presence) return `○ ${say("state.not_recorded")}`;
  const at = timeOf(presence.atMs);
  if (presence.lateMinutes === null) return `● ${say("state.present", { at })}`;
  return `◐ ${say("state.late", { at, minutes: presence.lateMinutes })}`;
}
