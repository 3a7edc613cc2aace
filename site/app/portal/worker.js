/** Messages to and from the service worker; without one (http, an old browser) nothing happens. */

/** @typedef {import("../worker-messages.js").WorkerMessage} WorkerMessage */

export async function askWorker(/** @type {object} */ message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage(message);
}

export function listen(/** @type {(message: WorkerMessage) => void} */ onMessage) {
  navigator.serviceWorker.addEventListener("message", (event) => onMessage(event.data));
}
