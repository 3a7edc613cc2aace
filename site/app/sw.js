/** Routes the service worker's events to the modules that save the release and answer requests from
 * the saved files. */

import { answer, isAnsweredHere } from "./sw/answer.js";
import { reportFiles, forget, keep, refresh, renew, reportSaved, reportWanted } from "./sw/keep.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** The actions that pages can request, by message type.
 * @type {Record<string, (list: string) => Promise<void>>} */
const ACTIONS = { refresh, keep, forget, renew, state: reportSaved, follow: reportFiles, wanted: reportWanted };

worker.addEventListener("install", (event) => event.waitUntil(refresh()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  if (isAnsweredHere(event.request)) event.respondWith(answer(event.request));
});

worker.addEventListener("message", (event) => {
  const { type, list } = /** @type {{type: string, list: string}} */ (event.data);
  if (ACTIONS[type]) event.waitUntil(ACTIONS[type](list));
});
