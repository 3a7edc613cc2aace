/** Enrolment: a code, typed or in the link, becomes this device's tokens. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { say, sayCode } from "./say.js";
import { call } from "./server.js";
import { getMeta, setMeta } from "./store.js";

/** @param {{db: import("./store.js").Database, onDone: () => void}} props */
export function Enrolment({ db, onDone }) {
  const [code, setCode] = useState(() => codeInLink());
  const [fault, setFault] = useState("");
  const [isBusy, setBusy] = useState(false);

  async function enrol(/** @type {Event} */ event) {
    event.preventDefault();
    setBusy(true);
    const key = await deviceKey(db);
    const body = { code: code.trim(), label: deviceLabel(), ...(key ? { public_key: key } : {}) };
    const result = await call("/enrol", { body });
    setBusy(false);
    if (!result.ok) {
      setFault(result.reason === "network" ? say("enrol.no_line") : sayCode(result.code));
      return;
    }
    await setMeta(db, "enrolment", result.data);
    history.replaceState(null, "", location.pathname);
    onDone();
  }

  return html`<header class="bar"><a class="brand" href="../index.html">${say("title")}</a></header>
    <main class="enrol">
      <h1>${say("enrol.title")}</h1>
      <p>${say("enrol.why")}</p>
      <form class="stack" onSubmit=${enrol}>
        <label>
          ${say("enrol.code")}
          <input
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
        ${fault && html`<p class="fault" role="alert">${fault}</p>`}
        <button class="main" disabled=${isBusy}>${say(isBusy ? "enrol.busy" : "enrol.do")}</button>
      </form>
      <p class="muted">${say("enrol.help")}</p>
    </main>`;
}

function codeInLink() {
  return new URLSearchParams(location.hash.slice(1)).get("ma") ?? "";
}

/**
 * The device's own key, made once and never leaving the browser: with it an enrolment whose answer
 * was lost can be asked for again. Plain http has no Web Crypto; there the code works only once.
 * @param {import("./store.js").Database} db
 * @returns {Promise<Record<string, string> | null>}
 */
async function deviceKey(db) {
  if (!crypto.subtle) return null;
  let pair = await getMeta(db, "key");
  if (!pair) {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    pair = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    await setMeta(db, "key", pair);
  }
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  return /** @type {Record<string, string>} */ ({ kty, crv, x, y });
}

function deviceLabel() {
  const system = /Android|iPhone|iPad|Windows|Macintosh|Linux/.exec(navigator.userAgent);
  return say("enrol.label", { system: system?.[0] ?? "?" });
}
