/** Enrols this browser for a hall. Sends the server a one-use code, which was typed or was in the
 * page's address, and lets the clerk choose a PIN. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { NO_CLERK, PinFields, pinFault } from "./clerk-fields.js";
import { visibleText } from "../../words.js";
import { say, sayCode } from "../words/messages.js";
import { call } from "../sync/server.js";
import { getMeta, listForgotten, putNewEnrolment, setMeta } from "./store.js";
import { clerkNames, EMPTY_VAULT, newKey, seal, withClerk } from "./vault.js";

/** The server's error code if an enrolment code that came by post also needs the secret given by
 * telephone. */
const SECOND_NEEDED = "enrolment_second_needed";

/** Show the form that takes an enrolment code and a clerk's name and PIN. Call `onDone` once the
 * enrolment is stored; show the reason if the server refuses or cannot be reached.
 * @param {{db: import("./store.js").Database, onBack: (() => void) | null,
 *   onDone: (unlockedVault: import("../desk/desk.js").UnlockedVault) => void}} props */
export function Enrolment({ db, onDone, onBack }) {
  const [code, setCode] = useState(() => codeInLink());
  const [clerk, setClerk] = useState(NO_CLERK);
  const [second, setSecond] = useState(/** @type {string | null} */ (null)); // null: the server has not asked for it
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function enrol(/** @type {Event} */ event) {
    event.preventDefault();
    const clerkFault = pinFault(clerk);
    setFault(clerkFault);
    if (clerkFault) return;
    setBusy(true);
    try {
      await enrolWith(code.trim());
    } catch {
      setBusy(false);
      setFault(say("enrol.failed"));
    }
  }

  async function enrolWith(/** @type {string} */ enrolmentCode) {
    const name = visibleText(clerk.name).trim();
    const half = await chosenHalf(clerk).catch(() => null); // before the code is used up
    if (half === null) {
      setBusy(false);
      setFault(say("pin.passkey_failed"));
      return;
    }
    const keyPair = await readDeviceKey(db);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", keyPair.publicKey);
    const secret = second === null ? {} : { second: second.trim() };
    const forgotten = await listForgotten(db);
    const former = forgotten.map(({ device, point, profile, person }) => ({ device, point, profile, person }));
    const body = { code: enrolmentCode, label: deviceLabel(), public_key: { kty, crv, x, y }, former, ...secret };
    const result = await call("/enrol", { body });
    if (!result.ok) {
      setBusy(false);
      if (result.code === SECOND_NEEDED) setSecond("");
      setFault(result.reason === "network" ? say("enrol.no_line") : sayCode(result.code));
      return;
    }
    const { read_token: token, ...enrolled } = /** @type {import("../types.js").EnrolmentAnswer} */ (result.data);
    const key = await newKey();
    const vault = await withClerk(EMPTY_VAULT, key, name, clerk.pin, half);
    const enrolment = { ...enrolled, key: keyPair, vault, lost: null };
    await putNewEnrolment(db, enrolment, { token: await seal(key, token) });
    await setMeta(db, "key", undefined); // the next enrolment makes a new key
    history.replaceState(null, "", location.pathname);
    onDone({ enrolment, key, clerk: vault.clerks[0].id, names: await clerkNames(vault, key) });
  }

  return html`<header class="bar"><a class="brand" href="../index.html">${say("title")}</a></header>
    <main class="enrol">
      <h1>${say("enrol.title")}</h1>
      <p>${say("enrol.why")}</p>
      <form class="stack" onSubmit=${enrol}>
        <label>
          ${say("enrol.code")}
          <input
            class="code"
            name="code"
            value=${code}
            onInput=${(/** @type {any} */ event) => setCode(event.target.value)}
            autocomplete="off"
            autocapitalize="characters"
            spellcheck="false"
            placeholder="7F3K-9Q2M-X4TB-HN6C"
            required
          />
        </label>
        ${second !== null &&
        html`<label>
          ${say("enrol.second")}
          <input
            name="second"
            inputmode="numeric"
            value=${second}
            onInput=${(/** @type {any} */ event) => setSecond(event.target.value)}
            autocomplete="off"
            required
          />
        </label>`}
        <${PinFields} value=${clerk} onChange=${setClerk} />
        <p class="muted">${say("pin.why")}</p>
        ${fault && html`<p class="fault" role="alert">${fault}</p>`}
        <button class="main" disabled=${isBusy}>${say(isBusy ? "enrol.busy" : "enrol.do")}</button>
        ${onBack && html`<button type="button" onClick=${onBack}>${say("back")}</button>`}
      </form>
      <p class="muted">${say("enrol.help")}</p>
      <p class="muted">${say("privacy")}</p>
    </main>`;
}

/** Return the second half that a new clerk has chosen; its module is loaded only if there is one.
 * Rejects if the choice cannot be used.
 * @param {import("./clerk-fields.js").NewClerk} clerk
 * @returns {Promise<import("./second-half.js").SecondHalf | undefined>} */
async function chosenHalf({ half, card }) {
  return half === "" ? undefined : (await import("./second-half.js")).secondHalfOf(half, card);
}

/** Return the enrolment code from the fragment of the page's address (`#ma=…`), or "". */
export function codeInLink() {
  return new URLSearchParams(location.hash.slice(1)).get("ma") ?? "";
}

/**
 * Return the key pair of this enrolment; if there is none, generate and store one. The private key
 * cannot leave the browser. The public key lets the server recognise a repeated enrolment whose
 * first answer was lost; the private key signs queue files.
 * @param {import("./store.js").Database} db
 * @returns {Promise<CryptoKeyPair>}
 */
async function readDeviceKey(db) {
  let keyPair = await getMeta(db, "key");
  if (!keyPair) {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    keyPair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    await setMeta(db, "key", keyPair);
  }
  return keyPair;
}

/** Return a label for headquarters that names the device's operating system; `?` if it is unknown. */
function deviceLabel() {
  const system = /Android|iPhone|iPad|Windows|Macintosh|Linux/.exec(navigator.userAgent);
  return say("enrol.label", { system: system?.[0] ?? "?" });
}
