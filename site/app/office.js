/**
 * Enhances the office's pages: refreshes the board, previews changes in long forms, ticks groups
 * of checkboxes and prints. Without this script, the pages work as plain forms. `allowEval` is
 * off, because no page contains code that htmx should run.
 */
import htmx from "htmx.org";

import { explainFormFaults } from "./form-faults.js";

explainFormFaults();

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0; // the history cache would store pages with personal data in the browser

// A checkbox with the attribute `data-ticks` ticks or clears all checkboxes of that name.
document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (!box.matches("[data-ticks]")) return;
  for (const checkbox of document.querySelectorAll(`input[name="${box.dataset.ticks}"]`)) {
    /** @type {HTMLInputElement} */ (checkbox).checked = box.checked;
  }
});

for (const element of document.querySelectorAll("[data-js]")) {
  /** @type {HTMLElement} */ (element).hidden = false; // these elements do nothing without this script
}

/** When the server last sent the board or answered 304 (unchanged). Failed requests do not change
 * this time. */
let lastAnsweredAt = new Date();
function showAsOf(/** @type {boolean} */ isFresh) {
  const live = document.getElementById("live");
  const asOf = document.getElementById("as-of");
  if (!live || !asOf) return;
  if (isFresh) lastAnsweredAt = new Date();
  const words = (isFresh ? live.dataset.fresh : live.dataset.stale) ?? "";
  asOf.textContent = words.replace("{at}", lastAnsweredAt.toLocaleTimeString("vi-VN", { timeZone: "Asia/Ho_Chi_Minh" }));
  asOf.classList.toggle("fault", !isFresh);
}
document.addEventListener("htmx:afterRequest", (event) => {
  const { elt, xhr } = /** @type {CustomEvent} */ (event).detail;
  if (elt.id === "live") showAsOf(xhr.status === 304 || (xhr.status === 200 && xhr.getResponseHeader("Diemcau-Board") !== null));
});
showAsOf(true);

document.addEventListener("click", (event) => {
  if (/** @type {HTMLElement} */ (event.target).closest("[data-print]")) window.print();
});

/** Decode base64url. @param {string} text @returns {Uint8Array<ArrayBuffer>} */
function decode(text) {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
}

/** Encode bytes in base64url. @param {ArrayBuffer} bytes */
function encode(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Return the options of the server, with bytes where the browser wants bytes.
 * @param {any} options */
function withBytes(options) {
  const credentials = (/** @type {any[]} */ list = []) => list.map((credential) => ({ ...credential, id: decode(credential.id) }));
  return {
    ...options,
    challenge: decode(options.challenge),
    ...(options.user ? { user: { ...options.user, id: decode(options.user.id) } } : {}),
    excludeCredentials: credentials(options.excludeCredentials),
    allowCredentials: credentials(options.allowCredentials),
  };
}

/** Return a browser's answer as the JSON that the server reads. @param {any} credential */
function answerOf(credential) {
  const { id, rawId, type, response } = credential;
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const parts = names.filter((name) => response[name]).map((name) => [name, encode(response[name])]);
  return JSON.stringify({ id, rawId: encode(rawId), type, response: Object.fromEntries(parts), clientExtensionResults: {} });
}

// A form with the attribute `data-passkey` asks the browser for a passkey (`get`) or makes one
// (`create`), and sends the answer in its field `credential`.
document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const act = form.dataset.passkey;
  if (!act) return;
  event.preventDefault();
  const publicKey = withBytes(JSON.parse(form.dataset.options ?? ""));
  const asked = act === "get" ? navigator.credentials.get({ publicKey }) : navigator.credentials.create({ publicKey });
  asked.then(
    (credential) => {
      /** @type {HTMLInputElement} */ (form.elements.namedItem("credential")).value = answerOf(credential);
      form.submit();
    },
    () => {
      const fault = /** @type {HTMLElement | null} */ (form.querySelector("[role=alert]"));
      if (fault) fault.hidden = false;
    },
  );
});
