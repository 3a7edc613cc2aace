/** Shows the lock: fields for the PIN and the second half that open the vault. Ten wrong tries in a
 * row wipe the vault. Who the clerks are is shown to nobody before the vault is open. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { isCard } from "../desk/card.js";
import { LazyPart } from "../desk/lazy-part.js";
import { say, sayCode } from "../words/messages.js";
import { digitsOf, LONGEST_PIN, Pin } from "./clerk-fields.js";
import { countPinTry, listForgotten, resetPinTries, wipeVault } from "./store.js";
import { clerkNames, unlockKey } from "./vault.js";

/** The number of wrong tries in a row after which the vault is wiped. */
export const MAX_WRONG = 10;

/**
 * @typedef {import("../types.js").Enrolment} Enrolment
 * @typedef {import("../desk/desk.js").UnlockedVault} UnlockedVault
 * @typedef {{db: import("./store.js").Database, all: Enrolment[], unsent: number,
 *   onOpen: (unlockedVault: UnlockedVault) => Promise<void>, onEnrol: () => void}} Props
 */

/** Show the page where a clerk types the PIN. If the PIN is right, call `onOpen`; if it opens the
 * vaults of several clerks, let the clerk choose. The page also shows why a vault was wiped, and how
 * many records are unsent.
 * @param {Props} props */
export function Lock({ db, all: enrolments, unsent, onOpen, onEnrol }) {
  const clerks = enrolments.flatMap((enrolment) => enrolment.vault?.clerks ?? []);
  const hasCards = clerks.some((clerk) => clerk.half === "card");
  const passkeys = clerks.flatMap((clerk) => clerk.passkey ?? []);
  const [pin, setPin] = useState("");
  const [card, setCard] = useState("");
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [matches, setMatches] = useState(/** @type {UnlockedVault[]} */ ([]));
  const [isForgotten, setForgotten] = useState(false);
  useEffect(() => {
    void listForgotten(db).then((forgotten) => setForgotten(forgotten.length > 0));
  }, [db, enrolments]);

  function typePin(/** @type {string} */ text) {
    if (!hasCards || !isCard(text)) return setPin(text);
    setCard(text); // a scanner typed the card into the field that had the focus
    setPin("");
  }

  async function open(/** @type {Event} */ event) {
    event.preventDefault();
    if (pin.length > LONGEST_PIN || /\D/.test(pin)) {
      setPin("");
      return setFault(say("lock.scanned")); // a card scanned at the lock is no try
    }
    await tryWith({ card: digitsOf(card), passkey: "" });
  }

  async function openWithPasskey() {
    try {
      const { readPasskey } = await import("./second-half.js");
      await tryWith({ card: "", passkey: await readPasskey(passkeys) });
    } catch {
      setFault(say("lock.no_passkey"));
    }
  }

  async function tryWith(/** @type {Secrets} */ secrets) {
    setBusy(true);
    try {
      const { opened, tries } = await tryPin(db, enrolments, pin, secrets);
      setPin("");
      setCard("");
      setBusy(false);
      if (opened.length === 1) return await onOpen(opened[0]);
      if (opened.length > 1) return setMatches(opened);
      setFault(say("lock.wrong", { left: Math.max(0, MAX_WRONG - tries) }));
      if (tries >= MAX_WRONG) location.reload();
    } catch {
      setBusy(false);
      setFault(say("lock.failed"));
    }
  }

  return html`<header class="bar"><b>${say("title")}</b></header>
    <main class="enrol">
      <h1>${say(clerks.length > 0 ? "lock.title" : "lost.title")}</h1>
      ${enrolments.map(
        (enrolment) =>
          enrolment.lost && html`<p class="notice" role="alert">${enrolment.point_name}: ${say(`lost.${enrolment.lost}`)}</p>`,
      )}
      ${isForgotten && html`<p class="notice bad" role="alert">${sayCode("unauthenticated")}</p>`}
      ${matches.length > 0
        ? html`<p>${say("lock.choose")}</p>
            ${matches.map(
              (match) =>
                html`<button class="main" onClick=${() => onOpen(match)}>
                  ${match.names[match.clerk]} · ${say(`profile.${match.enrolment.profile}`)} · ${match.enrolment.point}
                </button>`,
            )}`
        : clerks.length > 0 &&
          html`<form class="stack" onSubmit=${open}>
            <p class="muted">${enrolments.map((enrolment) => enrolment.point_name).filter((name, place, all) => all.indexOf(name) === place).join(", ")}</p>
            <label>
              ${say("lock.pin")}
              <${Pin} name="pin" value=${pin} onInput=${typePin} isFirst=${true} />
            </label>
            ${hasCards && html`<${LazyPart} which="card" props=${{ value: card, onInput: setCard, isOptional: clerks.some((clerk) => clerk.half !== "card") }} />`}
            ${fault && html`<p class="fault" role="alert">${fault}</p>`}
            <button class="main" disabled=${isBusy}>${say(isBusy ? "lock.busy" : "lock.open")}</button>
            ${passkeys.length > 0 &&
            html`<button type="button" disabled=${isBusy || pin === ""} onClick=${openWithPasskey}>${say("lock.open_with_passkey")}</button>`}
          </form>`}
      <p role="status">${say(unsent > 0 ? "lock.unsent" : "lock.all_sent", { n: unsent })}</p>
      <button onClick=${onEnrol}>${say("lock.enrol")}</button>
      <p class="muted">${say("lock.help")}</p>
      <p class="muted">${say("privacy")}</p>
    </main>`;
}

/** @typedef {{card: string, passkey: string}} Secrets */

/** Try a PIN at the vaults of all enrolments, and count the try where it opens none. After ten wrong
 * tries in a row, wipe the vault. Return what was opened, and the highest number of wrong tries.
 * @param {import("./store.js").Database} db @param {Enrolment[]} enrolments @param {string} pin
 * @param {Secrets} secrets @returns {Promise<{opened: UnlockedVault[], tries: number}>} */
async function tryPin(db, enrolments, pin, secrets) {
  /** @type {UnlockedVault[]} */
  const opened = [];
  const counted = [];
  for (const enrolment of enrolments.filter(({ vault }) => vault)) {
    const tries = await countPinTry(db, enrolment.device); // before the check, so that cutting the power undoes nothing
    counted.push({ enrolment, tries });
    if (tries <= MAX_WRONG) opened.push(...(await openedVaults(enrolment, pin, secrets)));
  }
  const isOpened = (/** @type {Enrolment} */ enrolment) => opened.some((match) => match.enrolment === enrolment);
  for (const { enrolment, tries } of counted) {
    if (isOpened(enrolment)) await resetPinTries(db, enrolment.device);
    else if (opened.length > 0) await resetPinTries(db, enrolment.device, tries - 1); // the PIN was for another vault
    else if (tries >= MAX_WRONG) await wipeVault(db, enrolment.device, "wrong_pins");
  }
  return { opened, tries: Math.max(0, ...counted.map(({ tries }) => tries)) };
}

/** Return the vault of an enrolment, once for every clerk for whom the PIN and the second half are
 * right.
 * @param {Enrolment} enrolment @param {string} pin @param {Secrets} secrets @returns {Promise<UnlockedVault[]>} */
async function openedVaults(enrolment, pin, secrets) {
  const vault = enrolment.vault;
  if (!vault) return [];
  const matches = [];
  for (const clerk of vault.clerks) {
    const secret = clerk.half === "" ? "" : secrets[clerk.half];
    const key = clerk.half !== "" && secret === "" ? null : await unlockKey(clerk, pin, secret);
    if (key) matches.push({ enrolment, key, clerk: clerk.id, names: await clerkNames(vault, key) });
  }
  return matches;
}
