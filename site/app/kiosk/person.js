/** One person: a line of the list, and the answer that fills the screen for a moment. */

import { html } from "htm/preact";
import { Component } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { say, sayPosition, timeOf } from "./say.js";

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../standing.js").PersonStanding} PersonStanding
 *
 * What the answer shows: a person, or a message alone, under a title if it is a good one.
 * @typedef {{person?: string, message: string, title?: string}} Shown
 */

/** @type {Record<string, string>} */
const STATES = { absent_excused: "excused", absent_unexcused: "unexcused" };
/** @type {Record<string, string>} */
const SIGNS = { excused: "◇", unexcused: "✕", unrecorded: "○" };

/**
 * `isChosen` while many are marked, else null.
 * @typedef {{line: RosterLine, units: Record<string, string>, standing?: PersonStanding,
 *   isChosen: boolean | null, onTap: (line: RosterLine) => void, onMore: (person: string) => void}} RowProps
 */

/**
 * A line of the list. It is drawn anew only when what it shows has changed: with five hundred of
 * them that is what a tap on an old laptop waits for.
 * @extends {Component<RowProps>}
 */
export class PersonRow extends Component {
  /** @param {RowProps} next */
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
        <span class="about">${describe(line, units)} · ${line.person}</span>
        <span class="state ${stateOf(standing)}">${sayState(standing)}</span>
      </button>
      <button class="more" aria-label=${say("more", { name: line.name })} onClick=${() => onMore(line.person)}>⋯</button>
    </li>`;
  }
}

/**
 * The whole screen is the answer. Any key but Tab and Enter, or a tap, goes on.
 * @param {{desk: Desk, shown: Shown, onClose: () => void, onPerson: (person: string) => void}} props
 */
export function Answer({ desk, shown, onClose, onPerson }) {
  const { person } = shown;
  const next = useRef(/** @type {HTMLButtonElement | null} */ (null));
  useEffect(() => {
    if (document.activeElement === document.body) next.current?.focus(); // as after a dialog
    return () => {
      const { activeElement: at } = document;
      const isOurs = at === document.body || at?.closest(".answer");
      if (isOurs) /** @type {HTMLElement | null} */ (document.querySelector(".search input"))?.focus();
    };
  }, []);
  const line = person ? lineOf(desk, person) : null;
  const standing = person ? desk.hall.of.get(person) : undefined;
  // What was just told of them; else, where they were in already, their check-in.
  const justTold = person ? desk.undoable((each) => each.person === person && desk.last.ids.includes(each.id)) : [];
  const checkIns = person ? desk.undoable((each) => each.kind === "check_in" && each.person === person) : [];
  const [undone, label] = justTold.length > 0 ? [justTold, desk.last.label] : [checkIns, line?.name];
  const then = (/** @type {() => void} */ act) => (/** @type {Event} */ event) => {
    event.stopPropagation();
    onClose();
    act();
  };
  const isAfter = desk.hall.all.closing !== null;
  const state = line ? stateOf(standing) : shown.title ? "present" : "unexcused";
  return html`<div class="answer ${state}" role="alertdialog" aria-label=${say("answer")} onClick=${onClose}>
    <p class="band">${shown.title ?? (line ? sayState(standing) : say("answer.unknown"))}</p>
    ${line &&
    html`<p class="who">${line.name}</p>
      <p>${describe(line, desk.units)} · ${line.person}</p>
      ${(standing?.seat ?? line.seat) && html`<p class="place">${say("answer.seat")} <b>${standing?.seat ?? line.seat}</b></p>`}`}
    <p>${shown.message}</p>
    ${isAfter && html`<p class="late">${say("answer.after_close")}</p>`}
    ${line && standing?.standing === "present" && html`<p class="muted">${say("answer.phone")}</p>`}
    <p class="acts">
      <button ref=${next} onClick=${then(() => {})}>${say("answer.next")}</button>
      ${line && html`<button onClick=${then(() => onPerson(line.person))}>${say("answer.more")}</button>`}
    </p>
    ${undone.length > 0 &&
    html`<button class="undo" onClick=${then(() => void desk.undo(undone))}>↶ ${say("undo", { name: label })}</button>`}
  </div>`;
}

/** A line for anybody, also whom no roster has. @param {Desk} desk @param {string} person @returns {RosterLine} */
export function lineOf(desk, person) {
  return desk.roster.get(person) ?? { person, name: desk.nameOf(person), unit: "", position: "", seat: "" };
}

/** @param {RosterLine} line @param {Record<string, string>} units */
export function describe(line, units) {
  return [sayPosition(line.position), units[line.unit] ?? line.unit].filter(Boolean).join(" · ");
}

/** When they came, or nothing. */
function arrivalOf(/** @type {PersonStanding | undefined} */ standing) {
  const first = standing?.stays[0];
  return first ? timeOf(first[0]) : "";
}

/** Whether they have come and gone again. */
export function hasLeft(/** @type {PersonStanding | undefined} */ standing) {
  return standing?.standing === "present" && standing.hasLeftEarly;
}

export function stateOf(/** @type {PersonStanding | undefined} */ standing) {
  if (standing?.standing === "present") return standing.isLate || standing.hasLeftEarly ? "late" : "present";
  return STATES[standing?.standing ?? "not_recorded"] ?? "unrecorded";
}

export function sayState(/** @type {PersonStanding | undefined} */ standing) {
  const at = arrivalOf(standing);
  if (standing?.standing !== "present") {
    const state = stateOf(standing);
    if (standing?.request === "pending") return `○ ${say("state.requested")}`;
    return `${SIGNS[state]} ${say(`state.${standing?.standing ?? "not_recorded"}`)}`;
  }
  if (hasLeft(standing)) return `◐ ${say("state.left", { at: timeOf(standing.stays.at(-1)?.[1] ?? 0) })}`;
  const mode = standing.mode === "online" ? ` · ${say("state.online")}` : "";
  if (!standing.isLate) return `● ${say("state.present", { at })}${mode}`;
  return `◐ ${say("state.late", { at, minutes: standing.lateMinutes })}${mode}`;
}
