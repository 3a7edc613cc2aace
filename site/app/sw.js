/** The service worker: only a router. It keeps what the release's manifest lists, and answers from it. */

import { answer, isOurs } from "./sw/answer.js";
import { follow, forget, keep, refresh, renew, tell, tellWanted } from "./sw/keep.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** What the pages may wish. @type {Record<string, (list: string) => Promise<void>>} */
const WISHES = { refresh, keep, forget, renew, state: tell, follow, wanted: tellWanted };

worker.addEventListener("install", (event) => event.waitUntil(refresh()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  if (isOurs(event.request)) event.respondWith(answer(event.request));
});

worker.addEventListener("message", (event) => {
  const { type, list } = /** @type {{type: string, list: string}} */ (event.data);
  if (WISHES[type]) event.waitUntil(WISHES[type](list));
});
