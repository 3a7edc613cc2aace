/** The readiness checklist of a hall: the latest state of its items, and the person who checked. */

import { html } from "htm/preact";

import { readForm, PersonField } from "../desk/fields.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import rules from "../../../rules.json" with { type: "json" };


/** Show the checklist as last reported; saving it names the person who checked.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Readiness({ desk }) {
  const { missing } = desk.hall.all;

  function save(/** @type {Event} */ event) {
    const { who, ...boxes } = readForm(event);
    const items = Object.fromEntries(rules.readiness_items.map((item) => [item, boxes[item] === "on"]));
    void desk.record({ kind: "readiness", person: who, source: "search", body: { items } }, undefined, roomText("step.readiness"));
  }

  return html`<form class="stack" onSubmit=${save}>
    <fieldset>
      <legend>${roomText("readiness.legend")}</legend>
      ${rules.readiness_items.map(
        (item) => html`<label class="tick"><input type="checkbox" name=${item} defaultChecked=${!missing.includes(item)} /> ${nameOfCode("item", item)}</label>`,
      )}
    </fieldset>
    <${PersonField} desk=${desk} name="who" label=${roomText("readiness.who")} />
    <button class="main">${roomText("readiness.save")}</button>
  </form>`;
}
