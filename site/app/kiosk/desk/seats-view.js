/** Shows the seating plan, on which a tap checks a person in, and which shows who is still missing. */

import { html } from "htm/preact";

import { checkIn, isPresentNow } from "./check-in.js";
import { sayState, displayStateOf } from "./person-row.js";
import { Counts } from "./roll-call.js";
import { timeOf } from "../words/messages.js";
import { roomText } from "../words/room-messages.js";

/** @type {Record<string, string>} */
const SIGNS = { present: "●", late: "◐", excused: "◇", unexcused: "✕", unrecorded: "○", exempt: "–" };

/** Show the seats row by row, then the people without a numbered seat. A tap checks a person in, or
 * opens the sheet of a person who is present.
 * @param {import("./desk-view.js").ViewProps} props */
export function View({ desk, onAnswer, onPerson }) {
  /** @type {Map<string, {number: number, seat: string, person: string}[]>} */
  const rows = new Map();
  /** @type {{seat: string, person: string}[]} */
  const unseated = [];
  for (const line of desk.roster.values()) {
    const seat = desk.hall.of.get(line.person)?.seat ?? line.seat;
    const [, row, number] = /^(.*?)(\d+)$/.exec(seat) ?? [];
    if (number) rows.set(row, [...(rows.get(row) ?? []), { number: Number(number), seat, person: line.person }]);
    else unseated.push({ seat: seat || "–", person: line.person });
  }

  async function tap(/** @type {string} */ person) {
    const line = desk.roster.get(person);
    if (!line || isPresentNow(desk, person)) return onPerson(person);
    if (await checkIn(desk, [line], "search", null)) onAnswer({ person, message: roomText("sheet.stored", { at: timeOf(desk.nowMs) }) });
    return undefined;
  }

  const seatButton = (/** @type {string} */ person, /** @type {string} */ seat) => {
    const standing = desk.hall.of.get(person);
    const state = displayStateOf(standing);
    const name = desk.nameOf(person);
    return html`<button key=${person} class="cell ${state}" title=${`${name} · ${sayState(standing)}`} onClick=${() => tap(person)}>
      <b>${seat}</b> <span aria-hidden="true">${SIGNS[state]}</span>
      <span class="given">${name.split(" ").slice(-2).join(" ")}</span>
      <span class="hidden">${name} · ${sayState(standing)}</span>
    </button>`;
  };

  if (desk.roster.size === 0) return html`<p class="empty">${roomText("seats.none")}</p>`;
  return html`<h2>${roomText("seats.title")}</h2>
    <${Counts} desk=${desk} />
    <p class="muted">${roomText("seats.front")} ${roomText("seats.drag")}</p>
    <div class="plan">
      ${[...rows].sort(([a], [b]) => a.localeCompare(b)).map(
        ([row, seats]) => html`<div class="row" role="group" aria-label=${roomText("seats.row", { row })}>
          ${seats.sort((a, b) => a.number - b.number).map(({ person, seat }) => seatButton(person, seat))}
        </div>`,
      )}
    </div>
    ${unseated.length > 0 &&
    html`<h3>${roomText("seats.unseated")}</h3>
      <div class="row">${unseated.map(({ person, seat }) => seatButton(person, seat))}</div>`}`;
}
