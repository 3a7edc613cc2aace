/** Shows fields for the second half of a clerk's way into the vault: the choice, and the card. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { isCard } from "../desk/card.js";
import { Scanner } from "../desk/camera.js";
import { roomText } from "../words/room-messages.js";
import { digitsOf, LONGEST_TYPED } from "./clerk-fields.js";
import { knowsPasskeys } from "./second-half.js";

/** @type {import("./second-half.js").Half[]} */
const HALVES = ["", "card", "passkey"];

/** Show the choice of a second half, what it is worth, and the field for a card if it is chosen.
 * @param {{value: import("./clerk-fields.js").NewClerk,
 *   onChange: (value: import("./clerk-fields.js").NewClerk) => void}} props */
export function SecondHalfFields({ value, onChange }) {
  return html`<div class="stack">
    <label>
      ${roomText("half.choice")}
      <select name="half" value=${value.half} onChange=${(/** @type {any} */ event) => onChange({ ...value, half: event.target.value })}>
        ${HALVES.filter((half) => half !== "passkey" || knowsPasskeys()).map((half) => html`<option value=${half}>${roomText(`half.${half || "none"}`)}</option>`)}
      </select>
    </label>
    <p class="muted">${roomText(`half.worth.${value.half || "none"}`)}</p>
    ${value.half === "card" &&
    html`<${CardField} isCode value=${value.card} onInput=${(/** @type {string} */ card) => onChange({ ...value, card })} />`}
  </div>`;
}

/** Show a field for the digits of a card, which a scanner types, and a button that reads the card
 * with the camera. With `isCode`, a scan into the field is no arrival of the card's owner.
 * @param {{value: string, onInput: (value: string) => void, isOptional?: boolean, isCode?: boolean}} props */
export function CardField({ value, onInput, isOptional = false, isCode = false }) {
  const [isScanning, setScanning] = useState(false);
  return html`<label>
      ${roomText(isOptional ? "lock.card.optional" : "lock.card")}
      <input
        name="card"
        class="code"
        inputmode="numeric"
        autocomplete="off"
        maxlength=${LONGEST_TYPED}
        value=${value}
        data-code=${isCode ? "" : null}
        onInput=${(/** @type {any} */ event) => onInput(event.target.value)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && !isCard(digitsOf(value)) && event.preventDefault()}
        required=${!isOptional}
      />
    </label>
    ${isScanning
      ? html`<${Scanner}
          onCode=${(/** @type {string} */ code) => { onInput(code); setScanning(false); }}
          onClose=${() => setScanning(false)}
        />`
      : html`<button type="button" onClick=${() => setScanning(true)}>${roomText("lock.scan")}</button>`}`;
}
