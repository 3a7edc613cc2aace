/** Shows the lock: a list of clerks, and a field for the PIN that opens the vault. Ten wrong PINs
 * in a row wipe the vault. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { say, sayCode } from "../words/messages.js";
import { countPinTry, listForgotten, resetPinTries, wipeVault } from "./store.js";
import { unlockKey, MIN_PIN } from "./vault.js";

/** The number of wrong PINs in a row after which the vault is wiped. */
const MAX_WRONG = 10;
const LONGEST_PIN = 12;
const LONGEST_TYPED = 64; // a card's code fits into the field, so that it is recognised as one

/**
 * @typedef {import("../types.js").Enrolment} Enrolment
 * @typedef {{name: string, pin: string, again: string}} NewClerk
 * @typedef {{db: import("./store.js").Database, all: Enrolment[], unsent: number,
 *   onOpen: (unlockedVault: import("../desk/desk.js").UnlockedVault) => Promise<void>, onEnrol: () => void}} Props
 */

/** Show the page where a clerk types the PIN. If the PIN is right, call `onOpen`. The page also
 * shows why a vault was wiped, and how many records are unsent.
 * @param {Props} props */
export function Lock({ db, all: enrolments, unsent, onOpen, onEnrol }) {
  const choices = enrolments.flatMap((enrolment) =>
    (enrolment.vault?.clerks ?? []).map((clerk) => ({ enrolment, clerk })),
  );
  const [chosenIndex, setChosenIndex] = useState(0);
  const [pin, setPin] = useState("");
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [isForgotten, setForgotten] = useState(false);
  useEffect(() => {
    void listForgotten(db).then((forgotten) => setForgotten(forgotten.length > 0));
  }, [db, enrolments]);
  const chosen = choices[Math.min(chosenIndex, choices.length - 1)];

  async function open(/** @type {Event} */ event) {
    event.preventDefault();
    if (pin.length > LONGEST_PIN || /\D/.test(pin)) {
      setPin("");
      return setFault(say("lock.scanned")); // a card scanned at the lock is no try
    }
    const { enrolment, clerk } = chosen;
    setBusy(true);
    try {
      await tryPin(enrolment, clerk);
    } catch {
      setBusy(false);
      setFault(say("lock.failed"));
    }
  }

  /** Open the desk if the PIN is right. After ten wrong PINs in a row, wipe the vault and reload
   * the page.
   * @param {Enrolment} enrolment @param {import("./vault.js").Clerk} clerk */
  async function tryPin(enrolment, clerk) {
    const tries = await countPinTry(db, enrolment.device);
    const key = tries > MAX_WRONG ? null : await unlockKey(clerk, pin);
    setPin("");
    if (key) {
      await resetPinTries(db, enrolment.device);
      await onOpen({ enrolment, key, clerk: clerk.name });
      return;
    }
    setBusy(false);
    setFault(say("lock.wrong", { left: Math.max(0, MAX_WRONG - tries) }));
    if (tries >= MAX_WRONG) {
      await wipeVault(db, enrolment.device, "wrong_pins");
      location.reload();
    }
  }

  return html`<header class="bar"><b>${say("title")}</b></header>
    <main class="enrol">
      <h1>${say(chosen ? "lock.title" : "lost.title")}</h1>
      ${enrolments.map(
        (enrolment) =>
          enrolment.lost && html`<p class="notice" role="alert">${enrolment.point_name}: ${say(`lost.${enrolment.lost}`)}</p>`,
      )}
      ${isForgotten && html`<p class="notice bad" role="alert">${sayCode("unauthenticated")}</p>`}
      ${chosen &&
      html`<form class="stack" onSubmit=${open}>
        <label>
          ${say("lock.who")}
          <select value=${chosenIndex} onChange=${(/** @type {any} */ event) => setChosenIndex(Number(event.target.value))}>
            ${choices.map(
              ({ enrolment, clerk }, index) =>
                html`<option value=${index}>
                  ${clerk.name} · ${say(`profile.${enrolment.profile}`)} · ${enrolment.point}
                </option>`,
            )}
          </select>
        </label>
        <label>
          ${say("lock.pin")}
          <${Pin} name="pin" value=${pin} onInput=${setPin} isFirst=${true} />
        </label>
        ${fault && html`<p class="fault" role="alert">${fault}</p>`}
        <button class="main" disabled=${isBusy}>${say(isBusy ? "lock.busy" : "lock.open")}</button>
      </form>`}
      <p role="status">${say(unsent > 0 ? "lock.unsent" : "lock.all_sent", { n: unsent })}</p>
      <button onClick=${onEnrol}>${say("lock.enrol")}</button>
      <p class="muted">${say("lock.help")}</p>
      <p class="muted">${say("privacy")}</p>
    </main>`;
}

/** Show fields for a new clerk's name and PIN, which the clerk types twice.
 * @param {{value: NewClerk, onChange: (value: NewClerk) => void}} props */
export function PinFields({ value, onChange }) {
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
    </label>`;
}

/** Return a message about the first fault in a new clerk's fields; "" if there is none. A PIN needs
 * at least `MIN_PIN` digits.
 * @param {NewClerk} clerk */
export function pinFault({ name, pin, again }) {
  if (!name.trim()) return say("pin.no_name");
  if (!/^\d+$/.test(pin) || pin.length < MIN_PIN) return say("pin.short", { digits: MIN_PIN });
  return pin === again ? "" : say("pin.differ");
}

/** Show a field for a PIN; `isFirst` gives the field the focus. The field is not of type
 * `password`, because browsers offer to save passwords.
 * @param {{name: string, value: string, onInput: (value: string) => void, isFirst?: boolean}} props */
function Pin({ name, value, onInput, isFirst = false }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
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
