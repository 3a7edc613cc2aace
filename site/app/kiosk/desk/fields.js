/** Provides form fields that several of the kiosk's forms share, and functions that read and reset
 * forms. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { visibleText } from "../../words.js";
import { sortPeople } from "./search.js";
import { roomText } from "../words/room-messages.js";

/** @typedef {import("./desk.js").Desk} Desk */

/** Prevent the browser from submitting a form, and return the form's values by field name, without
 * invisible characters.
 * @param {SubmitEvent | Event} event @returns {Record<string, any>} */
export function readForm(event) {
  event.preventDefault();
  const values = [...new FormData(/** @type {HTMLFormElement} */ (event.target))];
  return Object.fromEntries(values.map(([name, value]) => [name, typeof value === "string" ? visibleText(value) : value]));
}

/** Reset a form's input fields for the next entry, and return every field with its previous value.
 * @param {HTMLFormElement} form @returns {[HTMLInputElement, string][]} */
export function emptyFields(form) {
  const typed = /** @type {[HTMLInputElement, string][]} */ ([...form.querySelectorAll("input")].map((field) => [field, field.value]));
  for (const [field] of typed) field.value = field.defaultValue;
  return typed;
}

/** Restore the previous values of fields, except where something new has been typed.
 * @param {[HTMLInputElement, string][]} typed */
export function restoreFields(typed) {
  for (const [field, value] of typed) if (field.value === field.defaultValue) field.value = value;
}

/**
 * Show a field that chooses a person of the roster and that works without a mouse. `among` limits
 * the choice to these person codes.
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

/** Show a field that chooses one of a few options, given as pairs of a code and a label.
 * @param {{name: string, label: string, options: [string, string][], value?: string}} props */
export function ChoiceField({ name, label, options, value = "" }) {
  return html`<label>
    ${label}
    <select name=${name} required>
      ${options.map(([code, words]) => html`<option value=${code} selected=${code === value}>${words}</option>`)}
    </select>
  </label>`;
}

/** Show a field for one line of text of at most `max` characters. Blank text is refused if the
 * field is not optional. A date may not be before `min`. A scanner may type into a field with
 * `isCode`.
 * @param {{name: string, label: string, type?: string, value?: string, isOptional?: boolean, max?: number, min?: string, isCode?: boolean}} props */
export function TextField({ name, label, type = "text", value = "", isOptional = false, max = 200, min, isCode = false }) {
  return html`<label>
    ${label}
    <input name=${name} type=${type} defaultValue=${value} maxlength=${max} min=${min} required=${!isOptional} pattern=${isOptional ? ".*" : ".*\\S.*"} autocomplete="off" data-code=${isCode ? "" : null} />
  </label>`;
}
