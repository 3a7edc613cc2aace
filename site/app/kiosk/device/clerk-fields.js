/** Fields that a clerk fills in to get into the vault: the PIN, and the second half. */

import { html } from "htm/preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { isCard } from "../desk/card.js";
import { LazyPart } from "../desk/lazy-part.js";
import { say } from "../words/messages.js";
import { MIN_PIN } from "./vault.js";

export const LONGEST_PIN = 12;
export const LONGEST_TYPED = 64; // a card's code fits into the field, so that it is recognised as one

/** @typedef {{name: string, pin: string, again: string, half: import("./second-half.js").Half, card: string}} NewClerk */

/** The fields of a new clerk before anything is typed. @type {NewClerk} */
export const NO_CLERK = { name: "", pin: "", again: "", half: "", card: "" };

/** Show fields for a new clerk's name, for the PIN, which the clerk types twice, and for the second
 * half.
 * @param {{value: NewClerk, onChange: (value: NewClerk) => void}} props */
export function PinFields({ value, onChange }) {
  const [isOpen, setOpen] = useState(false);
  return html`<label>
      ${say("pin.name")}
      <input
        name="clerk"
        value=${value.name}
        maxlength="60"
        autocomplete="name"
        onInput=${(/** @type {any} */ event) => onChange({ ...value, name: event.target.value })}
        required
      />
    </label>
    <label>
      ${say("pin.new", { digits: MIN_PIN })}
      <${Pin} name="pin" value=${value.pin} onInput=${(/** @type {string} */ pin) => onChange({ ...value, pin })} />
    </label>
    <label>
      ${say("pin.again")}
      <${Pin} name="again" value=${value.again} onInput=${(/** @type {string} */ again) => onChange({ ...value, again })} />
    </label>
    <details onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
      <summary>${say("pin.half")}</summary>
      ${isOpen && html`<${LazyPart} which="half" props=${{ value, onChange }} />`}
    </details>`;
}

/** Return a message about the first fault in a new clerk's fields; "" if there is none. A PIN needs
 * at least `MIN_PIN` digits, and a card all of its digits.
 * @param {NewClerk} clerk */
export function pinFault({ name, pin, again, half, card }) {
  if (!name.trim()) return say("pin.no_name");
  if (!/^\d+$/.test(pin) || pin.length < MIN_PIN) return say("pin.short", { digits: MIN_PIN });
  if (pin !== again) return say("pin.differ");
  return half === "card" && !isCard(digitsOf(card)) ? say("pin.no_card") : "";
}

/** Show a field for a PIN; `isFirst` gives the field the focus. The field is not of type
 * `password`, because browsers offer to save passwords.
 * @param {{name: string, value: string, onInput: (value: string) => void, isFirst?: boolean}} props */
export function Pin({ name, value, onInput, isFirst = false }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useLayoutEffect(() => {
    if (isFirst) field.current?.focus();
  }, [isFirst]);
  return html`<input
    ref=${field}
    name=${name}
    type="text"
    class="pin"
    inputmode="numeric"
    autocomplete="one-time-code"
    spellcheck=${false}
    maxlength=${isFirst ? LONGEST_TYPED : LONGEST_PIN}
    value=${value}
    onInput=${(/** @type {any} */ event) => onInput(event.target.value)}
    required
  />`;
}

/** Return the digits of a typed or scanned card. @param {string} text */
export function digitsOf(text) {
  return text.replace(/\D/g, "");
}
