/** The lock: who has the desk, and the PIN that opens the vault. Ten wrong ones wipe the roster. */

import { html } from "htm/preact";
import { useEffect, useRef, useState } from "preact/hooks";

import { say } from "./say.js";
import { countTry, forgiveTries, wipe } from "./store.js";
import { keyFor, MAX_WRONG, MIN_PIN } from "./vault.js";

/**
 * @typedef {import("./types.js").Enrolment} Enrolment
 * @typedef {{name: string, pin: string, again: string}} NewClerk
 * @typedef {{db: import("./store.js").Database, all: Enrolment[], unsent: number,
 *   onOpen: (opened: import("./desk.js").Opened) => Promise<void>, onEnrol: () => void}} Props
 */

/** @param {Props} props */
export function Lock({ db, all, unsent, onOpen, onEnrol }) {
  const choices = all.flatMap((enrolment) =>
    (enrolment.vault?.clerks ?? []).map((clerk) => ({ enrolment, clerk })),
  );
  const [place, setPlace] = useState(0);
  const [pin, setPin] = useState("");
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const chosen = choices[Math.min(place, choices.length - 1)];

  async function open(/** @type {Event} */ event) {
    event.preventDefault();
    const { enrolment, clerk } = chosen;
    setBusy(true);
    try {
      await judge(enrolment, clerk);
    } catch {
      setBusy(false);
      setFault(say("lock.failed"));
    }
  }

  /** @param {Enrolment} enrolment @param {import("./vault.js").Clerk} clerk */
  async function judge(enrolment, clerk) {
    const tries = await countTry(db, enrolment.device);
    const key = tries > MAX_WRONG ? null : await keyFor(clerk, pin);
    setPin("");
    if (key) {
      await forgiveTries(db, enrolment.device);
      await onOpen({ enrolment, key, clerk: clerk.name });
      return;
    }
    setBusy(false);
    setFault(say("lock.wrong", { left: Math.max(0, MAX_WRONG - tries) }));
    if (tries >= MAX_WRONG) {
      await wipe(db, enrolment.device, "wrong_pins");
      location.reload();
    }
  }

  return html`<header class="bar"><b>${say("title")}</b></header>
    <main class="enrol">
      <h1>${say(chosen ? "lock.title" : "lost.title")}</h1>
      ${all.map(
        (each) =>
          each.lost && html`<p class="notice" role="alert">${each.point_name}: ${say(`lost.${each.lost}`)}</p>`,
      )}
      ${chosen &&
      html`<form class="stack" onSubmit=${open}>
        <label>
          ${say("lock.who")}
          <select value=${place} onChange=${(/** @type {any} */ event) => setPlace(Number(event.target.value))}>
            ${choices.map(
              ({ enrolment, clerk }, number) =>
                html`<option value=${number}>
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
    </main>`;
}

/** A new clerk's name and PIN, twice. @param {{value: NewClerk, onChange: (value: NewClerk) => void}} props */
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

/** What is wrong with a new clerk's fields, or nothing. @param {NewClerk} clerk */
export function pinFault({ name, pin, again }) {
  if (!name.trim()) return say("pin.no_name");
  if (!/^\d+$/.test(pin) || pin.length < MIN_PIN) return say("pin.short", { digits: MIN_PIN });
  return pin === again ? "" : say("pin.differ");
}

/** @param {{name: string, value: string, onInput: (value: string) => void, isFirst?: boolean}} props */
function Pin({ name, value, onInput, isFirst = false }) {
  const field = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => {
    if (isFirst) field.current?.focus();
  }, [isFirst]);
  return html`<input
    ref=${field}
    name=${name}
    type="password"
    inputmode="numeric"
    autocomplete="off"
    maxlength="12"
    value=${value}
    onInput=${(/** @type {any} */ event) => onInput(event.target.value)}
    required
  />`;
}
