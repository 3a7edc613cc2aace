/** Shows the fields that filter the list of people by state, unit and row of seats. */

import { html } from "htm/preact";

import { rowOf } from "./roll-call.js";
import { roomText } from "../words/room-messages.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** @typedef {{state: string, unit: string, row: string}} Filter */

const STATES = ["present", "late", "excused", "unexcused", "unrecorded", "exempt"];

/** Show the fields that filter the list by state, unit and row of seats.
 * @param {{desk: Desk, filter: Filter, onChange: (filter: Filter) => void}} props */
export function View({ desk, filter, onChange }) {
  const rows = new Set([...desk.roster.values()].map((line) => rowOf(line.seat)).filter(Boolean));
  /** @type {[keyof Filter, [string, string][]][]} */
  const choices = [
    ["state", STATES.map((state) => [state, roomText(`filter.${state}`)])],
    ["unit", Object.entries(desk.units)],
    ["row", [...rows].sort().map((row) => [row, row])],
  ];
  return html`<div class="choices">
    ${choices.map(
      ([name, options]) =>
        html`<label>
          ${roomText(`filter.${name}`)}
          <select value=${filter[name]} onChange=${(/** @type {any} */ event) => onChange({ ...filter, [name]: event.target.value })}>
            <option value="">${roomText("filter.all")}</option>
            ${options.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
          </select>
        </label>`,
    )}
  </div>`;
}
