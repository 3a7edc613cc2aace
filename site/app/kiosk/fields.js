/** Fields that several forms share. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { sortPeople } from "./search.js";
import { tell } from "./tell.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** What a form was filled with. @param {SubmitEvent | Event} event @returns {Record<string, any>} */
export function filled(event) {
  event.preventDefault();
  return Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
}

/**
 * Chooses somebody of the roster, by name or code, from the keyboard alone.
 * @param {{desk: Desk, name: string, label: string, among?: string[], value?: string | null}} props
 */
export function PersonField({ desk, name, label, among, value = "" }) {
  const [chosen, setChosen] = useState(value ?? "");
  const people = sortPeople([...desk.roster.values()].filter((line) => !among || among.includes(line.person)));
  return html`<label>
    ${label}
    <select name=${name} value=${chosen} onChange=${(/** @type {any} */ event) => setChosen(event.target.value)} required>
      <option value="">${tell("choose_person")}</option>
      ${people.map((line) => html`<option value=${line.person}>${line.name} · ${line.person}</option>`)}
    </select>
  </label>`;
}

/** @param {{name: string, label: string, options: [string, string][], value?: string}} props */
export function ChoiceField({ name, label, options, value = "" }) {
  return html`<label>
    ${label}
    <select name=${name} required>
      ${options.map(([code, words]) => html`<option value=${code} selected=${code === value}>${words}</option>`)}
    </select>
  </label>`;
}

/** @param {{name: string, label: string, type?: string, value?: string, isOptional?: boolean, max?: number}} props */
export function TextField({ name, label, type = "text", value = "", isOptional = false, max = 200 }) {
  return html`<label>
    ${label}
    <input name=${name} type=${type} defaultValue=${value} maxlength=${max} required=${!isOptional} pattern=${isOptional ? ".*" : ".*\\S.*"} autocomplete="off" />
  </label>`;
}
