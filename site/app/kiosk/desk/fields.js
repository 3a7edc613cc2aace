/** Fields that several forms share. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { sortPeople } from "./search.js";
import { roomText } from "../words/room-messages.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** Keep the browser from sending a form, and return its values by name.
 * @param {SubmitEvent | Event} event @returns {Record<string, any>} */
export function readForm(event) {
  event.preventDefault();
  return Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
}

/** Empty a form's fields for the next entry, and return what they held.
 * @param {HTMLFormElement} form @returns {[HTMLInputElement, string][]} */
export function emptyFields(form) {
  const typed = /** @type {[HTMLInputElement, string][]} */ ([...form.querySelectorAll("input")].map((field) => [field, field.value]));
  for (const [field] of typed) field.value = field.defaultValue;
  return typed;
}

/** Put back what the fields held, where nothing new has been typed since.
 * @param {[HTMLInputElement, string][]} typed */
export function putBack(typed) {
  for (const [field, value] of typed) if (field.value === field.defaultValue) field.value = value;
}

/**
 * A field that chooses a person of the roster, without a mouse; `among` allows only these codes.
 * @param {{desk: Desk, name: string, label: string, among?: string[], value?: string | null}} props
 */
export function PersonField({ desk, name, label, among, value = "" }) {
  const [chosen, setChosen] = useState(value ?? "");
  const people = sortPeople([...desk.roster.values()].filter((line) => !among || among.includes(line.person)));
  return html`<label>
    ${label}
    <select name=${name} value=${chosen} onChange=${(/** @type {any} */ event) => setChosen(event.target.value)} required>
      <option value="">${roomText("choose_person")}</option>
      ${people.map((line) => html`<option value=${line.person}>${line.name} · ${line.person}</option>`)}
    </select>
  </label>`;
}

/** A field that chooses one of a few options.
 * @param {{name: string, label: string, options: [string, string][], value?: string}} props */
export function ChoiceField({ name, label, options, value = "" }) {
  return html`<label>
    ${label}
    <select name=${name} required>
      ${options.map(([code, words]) => html`<option value=${code} selected=${code === value}>${words}</option>`)}
    </select>
  </label>`;
}

/** A field for one line of text.
 * @param {{name: string, label: string, type?: string, value?: string, isOptional?: boolean, max?: number}} props */
export function TextField({ name, label, type = "text", value = "", isOptional = false, max = 200 }) {
  return html`<label>
    ${label}
    <input name=${name} type=${type} defaultValue=${value} maxlength=${max} required=${!isOptional} pattern=${isOptional ? ".*" : ".*\\S.*"} autocomplete="off" />
  </label>`;
}
