/** Shows one person as a row of the list, and says what the kiosk's pages say about a person. */

import { html } from "htm/preact";
import { Component } from "preact";

import { say, sayPosition, timeOf } from "../words/messages.js";

/**
 * @typedef {import("../types.js").RosterLine} RosterLine
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../../rules/standing.js").PersonStanding} PersonStanding
 * @typedef {import("./hall-standing.js").ShownStanding} ShownStanding
 */

/** @type {Record<string, string>} */
const STATES = { absent_excused: "excused", absent_unexcused: "unexcused" };
/** @type {Record<string, string>} */
const SIGNS = { excused: "◇", unexcused: "✕", unrecorded: "○" };

/**
 * `isChosen`: whether the row is marked while the clerk marks several people; null at all other times.
 * @typedef {{line: RosterLine, units: Record<string, string>, standing?: PersonStanding,
 *   isChosen: boolean | null, onTap: (line: RosterLine) => void, onMore: (person: string) => void}} RowProps
 */

/**
 * A row of the list of people. A row is redrawn only when its content changes, because redrawing
 * 500 rows would delay every tap on an old laptop.
 * @extends {Component<RowProps>}
 */
export class PersonRow extends Component {
  /** Return whether the row must be redrawn for the next properties. @param {RowProps} next */
  shouldComponentUpdate(next) {
    const { line, units, isChosen, standing, onTap } = this.props;
    const isSame = line === next.line && units === next.units && isChosen === next.isChosen && onTap === next.onTap;
    return !isSame || JSON.stringify(standing) !== JSON.stringify(next.standing);
  }

  render() {
    const { line, units, standing, isChosen, onTap, onMore } = this.props;
    return html`<li class="line">
      <button class="person" aria-pressed=${isChosen} onClick=${() => onTap(line)}>
        <span class="name">${isChosen === null ? "" : isChosen ? "☑ " : "☐ "}${line.name}</span>
        <span class="seat">${standing?.seat ?? line.seat}</span>
        <span class="about">${positionAndUnitOf(line, units)} · ${line.person}</span>
        <span class="state ${displayStateOf(standing)}">${sayState(standing)}</span>
      </button>
      <button class="more" aria-label=${say("more", { name: line.name })} onClick=${() => onMore(line.person)}>⋯</button>
    </li>`;
  }
}

/** Return a person's roster line. For a person on no roster, return a line with the code and the
 * known name only.
 * @param {Desk} desk @param {string} person @returns {RosterLine} */
export function rosterLineOf(desk, person) {
  return desk.roster.get(person) ?? { person, name: desk.nameOf(person), unit: "", position: "", seat: "" };
}

/** Return a person's position and unit as text, such as “Bí thư · Chi bộ 1”.
 * @param {RosterLine} line @param {Record<string, string>} units */
export function positionAndUnitOf(line, units) {
  return [sayPosition(line.position), units[line.unit] ?? line.unit].filter(Boolean).join(" · ");
}

/** Return the time of day of a person's first arrival, as `07:41`; "" without an arrival. */
function arrivalTimeOf(/** @type {PersonStanding | undefined} */ standing) {
  const first = standing?.stays[0];
  return first ? timeOf(first[0]) : "";
}

/** Return whether a person was present and left early. */
export function hasLeft(/** @type {PersonStanding | undefined} */ standing) {
  return standing?.standing === "present" && standing.has_left_early;
}

/** Return the CSS class of a standing, which is also its filter value: `present`, `late` (or left
 * early), `excused`, `unexcused`, `unrecorded`, or `exempt` for a person who is not counted. */
export function displayStateOf(/** @type {ShownStanding | undefined} */ standing) {
  if (standing?.isExempt) return "exempt";
  if (standing?.standing === "present") return standing.is_late || standing.has_left_early ? "late" : "present";
  return STATES[standing?.standing ?? "not_recorded"] ?? "unrecorded";
}

/** Return a standing as text: a sign, the state and, for a person who came, the time of day. */
export function sayState(/** @type {ShownStanding | undefined} */ standing) {
  const at = arrivalTimeOf(standing);
  if (standing?.isExempt) return `– ${say("state.exempt")}${at && ` · ${say("state.present", { at })}`}`;
  if (standing?.standing !== "present") {
    const state = displayStateOf(standing);
    if (standing?.request === "pending" && standing.standing === "not_recorded") return `○ ${say("state.requested")}`;
    return `${SIGNS[state]} ${say(`state.${standing?.standing ?? "not_recorded"}`)}`;
  }
  if (hasLeft(standing)) return `◐ ${say("state.left", { at: timeOf(standing.stays.at(-1)?.[1] ?? 0) })}`;
  const mode = standing.mode === "online" ? ` · ${say("state.online")}` : "";
  if (!standing.is_late) return `● ${say("state.present", { at })}${mode}`;
  return `◐ ${say("state.late", { at, minutes: standing.late_minutes })}${mode}`;
}
