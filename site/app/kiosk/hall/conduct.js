/** Shows buttons that count breaches of conduct in the hall, such as telephone calls. No names are
 * recorded. */

import { html } from "htm/preact";

import { recordsInForce } from "../desk/hall-standing.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import { TakeBack } from "./take-back.js";

const CATEGORIES = /** @type {const} */ ([
  ["call", "calls"],
  ["private_use", "private_use"],
  ["disorder", "disorder"],
]);

/** Show one button for every kind of breach, with the count so far. A tap records one more breach;
 * another button takes this device's latest one back.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Conduct({ desk }) {
  const { counts } = desk.hall.all;
  return html`<p class="muted">${roomText("conduct.why")}</p>
    <div class="counters">
      ${CATEGORIES.map(([category, count]) => {
        const label = nameOfCode("conduct", category);
        const add = () => desk.record({ kind: "conduct", source: "search", body: { category } }, undefined, label);
        const latest = recordsInForce(desk.hall.records)
          .filter((record) => record.kind === "conduct" && record.body.category === category && record.device === desk.enrolment.device)
          .at(-1);
        return html`<div>
          <button onClick=${add}><b>${counts[count]}</b> ${label} +1</button>
          ${latest && html`<${TakeBack} desk=${desk} isMeant=${(/** @type {{id: string}} */ record) => record.id === latest.id} />`}
        </div>`;
      })}
    </div>`;
}
