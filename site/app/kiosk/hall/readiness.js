/** The checklist of a hall, each item as it was last told, and who checked it. */

import { html } from "htm/preact";

import { filled, PersonField } from "../fields.js";
import { nameOfCode, tell } from "../tell.js";

const ITEMS = ["power", "screen", "sound", "camera", "line", "backup_line", "seats", "printed_qr"];

/** @param {{desk: import("../desk.js").Desk}} props */
export function Readiness({ desk }) {
  const { missing } = desk.hall.all;

  function save(/** @type {Event} */ event) {
    const { who, ...said } = filled(event);
    const items = Object.fromEntries(ITEMS.map((item) => [item, said[item] === "on"]));
    void desk.record({ kind: "readiness", person: who, source: "search", body: { items } }, undefined, tell("step.readiness"));
  }

  return html`<form class="stack" onSubmit=${save}>
    <fieldset>
      <legend>${tell("readiness.legend")}</legend>
      ${ITEMS.map(
        (item) => html`<label class="tick"><input type="checkbox" name=${item} defaultChecked=${!missing.includes(item)} /> ${nameOfCode("item", item)}</label>`,
      )}
    </fieldset>
    <${PersonField} desk=${desk} name="who" label=${tell("readiness.who")} />
    <button class="main">${tell("readiness.save")}</button>
  </form>`;
}
