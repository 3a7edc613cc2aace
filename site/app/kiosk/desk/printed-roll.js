/** Prints the roll for signatures in ink: one row per person, with the standing so far. */

import { html, render } from "htm/preact";

import { dayOf } from "../words/instants.js";
import { positionAndUnitOf, sayState } from "./person-row.js";
import { timeOf } from "../words/messages.js";
import { sortPeople } from "./search.js";
import { roomText } from "../words/room-messages.js";

/** Open the browser's print dialog with the roll of the desk's meeting, sorted by name.
 * @param {import("./desk.js").Desk} desk */
export function printRoll(desk) {
  const sheet = document.createElement("section");
  sheet.className = "printed";
  document.body.append(sheet);
  const people = sortPeople([...desk.roster.values()]);
  const day = desk.meeting ? dayOf(desk.meeting.starts_at).split("-").reverse().join("/") : "";
  render(
    html`<h1>${roomText("print.title")}</h1>
      <p>${desk.meeting?.title} · ${day}<br />${desk.enrolment.point} · ${desk.enrolment.point_name}</p>
      <table>
        <thead>
          <tr>${["number", "name", "about", "seat", "state", "sign"].map((column) => html`<th>${roomText(`print.${column}`)}</th>`)}</tr>
        </thead>
        <tbody>
          ${people.map((line, index) => {
            const standing = desk.hall.of.get(line.person);
            return html`<tr>
              <td>${index + 1}</td>
              <td>${line.name}<br /><small>${line.person}</small></td>
              <td>${positionAndUnitOf(line, desk.units)}</td>
              <td>${standing?.seat ?? line.seat}</td>
              <td>${standing && standing.standing !== "not_recorded" ? sayState(standing) : ""}</td>
              <td></td>
            </tr>`;
          })}
        </tbody>
      </table>
      <p>${roomText("print.foot", { n: desk.hall.all.counts.summoned, at: timeOf(desk.nowMs), unsent: desk.fates.unsent })}</p>`,
    sheet,
  );
  addEventListener("afterprint", () => sheet.remove(), { once: true });
  print();
}
