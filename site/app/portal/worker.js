/** Exchanges messages with the service worker, in browsers that have registered one. */

/** @typedef {import("../worker-messages.js").WorkerMessage} WorkerMessage */

/** Send a message to the service worker once it is active. */
export async function askWorker(/** @type {object} */ message) {
  const registration = await navigator.serviceWorker.ready;
  registration.active?.postMessage(message);
}

/** Call `onMessage` with every message from the service worker. */
export function listen(/** @type {(message: WorkerMessage) => void} */ onMessage) {
  navigator.serviceWorker.addEventListener("message", (event) => onMessage(event.data));
}
