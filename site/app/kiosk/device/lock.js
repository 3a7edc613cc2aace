/** Shows the lock: fields for the PIN and the second half that open the vault. Ten wrong tries in a
 * row wipe the vault. The clerks' names are shown only after the vault is open. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

import { isCard } from "../desk/card.js";
import { LazyPart } from "../desk/lazy-part.js";
import { catchScans } from "../desk/scanner-keys.js";
import { say, sayCode } from "../words/messages.js";
import { digitsOf, LONGEST_PIN, Pin } from "./clerk-fields.js";
import { countPinTry, listForgotten, resetPinTries, wipeVault } from "./store.js";
import { clerkNames, unlockKey } from "./vault.js";

/** The number of wrong tries in a row after which the vault is wiped. */
const MAX_WRONG = 10;

/**
 * @typedef {import("../types.js").Enrolment} Enrolment
 * @typedef {import("../desk/desk.js").UnlockedVault} UnlockedVault
 * @typedef {{db: import("./store.js").Database, all: Enrolment[], unsent: number,
 *   onOpen: (unlockedVault: UnlockedVault, scans?: string[]) => Promise<void>, onEnrol: () => void}} Props
 */

/** Show the page where a clerk types the PIN. If the PIN is right, call `onOpen`; if two clerks have
 * the same PIN, let the clerk choose. If the device is enrolled several times, such as for a clerk
 * and for a chair, the user first chooses whose desk to open. The page also shows why a vault was
 * wiped, and how many records are unsent.
 * @param {Props} props */
export function Lock({ db, all: enrolments, unsent, onOpen, onEnrol }) {
  const openable = enrolments.filter(({ vault }) => vault).sort(clerksFirst);
  const [device, setDevice] = useState("");
  const chosen = openable.find((enrolment) => enrolment.device === device) ?? openable[0];
  const clerks = chosen?.vault?.clerks ?? [];
  const hasCards = clerks.some((clerk) => clerk.half === "card");
  const passkeys = clerks.flatMap((clerk) => clerk.passkey ?? []);
  const [pin, setPin] = useState("");
  const [card, setCard] = useState("");
  const latest = useRef({ pin, tryWith });
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [matches, setMatches] = useState(/** @type {UnlockedVault[]} */ ([]));
  const [isForgotten, setForgotten] = useState(false);
  const scannedMeanwhile = useRef(/** @type {string[] | null} */ (null)); // from a try of a PIN until the desk opens
  useLayoutEffect(
    () =>
      catchScans(
        (text) => hasCards && isCard(text), // the lock knows no list
        (code) => {
          if (scannedMeanwhile.current) scannedMeanwhile.current.push(code);
          else if (!hasCards || !isCard(code)) setFault(say("lock.scanned")); // no try of a PIN
          else if (latest.current.pin) void latest.current.tryWith({ card: code, passkey: "" });
          else setCard(code);
        },
      ),
    [hasCards],
  );
  useEffect(() => {
    void listForgotten(db).then((forgotten) => setForgotten(forgotten.length > 0));
  }, [db, enrolments]);

  function chooseDesk(/** @type {string} */ deviceOfDesk) {
    setDevice(deviceOfDesk);
    setFault(""); // the count of tries that it names is the other desk's
  }

  function typePin(/** @type {string} */ text) {
    latest.current.pin = text; // a scan that ends now must not wait for the next drawing
    setPin(text);
  }

  async function open(/** @type {Event} */ event) {
    event.preventDefault();
    if (pin.length > LONGEST_PIN || /\D/.test(pin)) {
      setPin("");
      if (hasCards && isCard(pin)) return setCard(pin); // from a scanner that is slow or sends no Enter
      return setFault(say("lock.scanned")); // a card scanned at the lock is no try
    }
    await tryWith({ card: digitsOf(card), passkey: "" });
  }

  const openDesk = (/** @type {UnlockedVault} */ unlockedVault) => onOpen(unlockedVault, scannedMeanwhile.current ?? []);

  async function openWithPasskey() {
    try {
      const { readPasskey } = await import("./second-half.js");
      await tryWith({ card: "", passkey: await readPasskey(passkeys) });
    } catch {
      setFault(say("lock.no_passkey"));
    }
  }

  /** Open the desk if the PIN and the second half are right. After ten wrong tries in a row, wipe the
   * vault and reload the page.
   * @param {Secrets} secrets */
  async function tryWith(secrets) {
    setBusy(true);
    scannedMeanwhile.current = [];
    try {
      const tries = await countPinTry(db, chosen.device);
      const opened = tries > MAX_WRONG ? [] : await openedVaults(chosen, latest.current.pin, secrets);
      setPin("");
      setCard("");
      setBusy(false);
      if (opened.length > 0) {
        await resetPinTries(db, chosen.device);
        return opened.length === 1 ? await openDesk(opened[0]) : setMatches(opened);
      }
      scannedMeanwhile.current = null;
      setFault(say("lock.wrong", { left: Math.max(0, MAX_WRONG - tries) }));
      if (tries >= MAX_WRONG) {
        await wipeVault(db, chosen.device, "wrong_pins");
        location.reload();
      }
    } catch {
      scannedMeanwhile.current = null;
      setBusy(false);
      setFault(say("lock.failed"));
    }
  }

  latest.current = { pin, tryWith };
  return html`<header class="bar"><b>${say("title")}</b></header>
    <main class="enrol">
      <h1>${say(chosen ? "lock.title" : "lost.title")}</h1>
      ${enrolments.map(
        (enrolment) =>
          enrolment.lost && html`<p class="notice" role="alert">${enrolment.point_name}: ${say(`lost.${enrolment.lost}`)}</p>`,
      )}
      ${isForgotten && html`<p class="notice bad" role="alert">${sayCode("unauthenticated")}</p>`}
      ${matches.length > 0
        ? html`<p>${say("lock.choose")}</p>
            ${matches.map((match) => html`<button class="main" onClick=${() => openDesk(match)}>${match.names[match.clerk]}</button>`)}`
        : chosen &&
          html`<form class="stack" onSubmit=${open}>
            ${openable.length > 1
              ? html`<label>
                  ${say("lock.desk")}
                  <select value=${chosen.device} onChange=${(/** @type {any} */ event) => chooseDesk(event.target.value)}>
                    ${openable.map((enrolment) => html`<option value=${enrolment.device}>${deskOf(enrolment)}</option>`)}
                  </select>
                </label>`
              : html`<p class="muted">${chosen.point_name}</p>`}
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

/** Compare two enrolments: those for clerks come first, and otherwise the order stays.
 * @param {Enrolment} a @param {Enrolment} b */
const clerksFirst = (a, b) => Number(b.profile === "clerk") - Number(a.profile === "clerk");

/** Return how the list of desks shows an enrolment, such as «Thư ký · P001». @param {Enrolment} enrolment */
const deskOf = ({ profile, point }) => `${say(`profile.${profile}`)} · ${point}`;

/** The second halves that a clerk shows: the digits of a card, or the secret of a passkey.
 * @typedef {{card: string, passkey: string}} Secrets */

/** Open the vault of an enrolment with a PIN and a second half. Return one item for every clerk for
 * whom they are right.
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
