/** Talks with the service worker; without one (http, an old browser) nothing happens. */

/** @typedef {import("../progress.js").Told} Told */

export async function wish(/** @type {object} */ message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage(message);
}

export function listen(/** @type {(told: Told) => void} */ hear) {
  navigator.serviceWorker.addEventListener("message", (event) => hear(event.data));
}
