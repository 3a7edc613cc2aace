/** Shows the readiness checklist of a hall, and records the state of every item and the person who
 * checked. */

import { html } from "htm/preact";

import { askWorker, useSavedState } from "../device/offline-shell.js";
import { readForm, PersonField } from "../desk/fields.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import rules from "../../../rules.json" with { type: "json" };


/** Show the checklist as last reported; saving it records the items and the person who checked. If
 * the portal has published materials, the kiosk itself ticks whether they are saved on this
 * device.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Readiness({ desk }) {
  const { missing } = desk.hall.all;
  const materialsList = `m-${desk.meeting?.id}`;
  const saved = useSavedState(materialsList);
  const isPublished = saved.files > 0;

  function save(/** @type {Event} */ event) {
    const { who, ...boxes } = readForm(event);
    const items = Object.fromEntries(rules.readiness_items.map((item) => [item, boxes[item] === "on"]));
    if (isPublished) items.materials = saved.isKept;
    void desk.record({ kind: "readiness", person: who, source: "search", body: { items } }, undefined, roomText("step.readiness"));
  }

  return html`<form class="stack" onSubmit=${save}>
    <fieldset>
      <legend>${roomText("readiness.legend")}</legend>
      ${rules.readiness_items.map((item) =>
        item === "materials" && isPublished
          ? html`<label class="tick"><input type="checkbox" checked=${saved.isKept} disabled /> ${nameOfCode("item", item)}</label>`
          : html`<label class="tick"><input type="checkbox" name=${item} defaultChecked=${!missing.includes(item)} /> ${nameOfCode("item", item)}</label>`,
      )}
      ${isPublished && html`<${KeepMaterials} list=${materialsList} saved=${saved} />`}
    </fieldset>
    <${PersonField} desk=${desk} name="who" label=${roomText("readiness.who")} />
    <button class="main">${roomText("readiness.save")}</button>
  </form>`;
}

/** Show how much of the meeting's materials is saved on this device, and a button that saves the
 * rest.
 * @param {{list: string, saved: ReturnType<typeof useSavedState>}} props */
function KeepMaterials({ list, saved }) {
  if (saved.isKept) return html`<p class="muted">${roomText("readiness.kept_by_itself")}</p>`;
  if (saved.isWanted) return html`<p class="muted" role="status">${roomText("readiness.keeping", { done: saved.done, files: saved.files })}</p>`;
  return html`<p><button type="button" onClick=${() => askWorker("keep", list)}>${roomText("readiness.keep_materials")}</button></p>`;
}
