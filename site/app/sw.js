/** The service worker: only a router. It keeps what the release's manifest lists, and answers from it. */

import { answer, isOurs } from "./sw/answer.js";
import { keep, refresh, tell } from "./sw/keep.js";

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

worker.addEventListener("install", (event) => event.waitUntil(refresh()));
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  if (isOurs(event.request)) event.respondWith(answer(event.request));
});

worker.addEventListener("message", (event) => {
  const wish = /** @type {{type: string, list: string}} */ (event.data);
  if (wish.type === "refresh") event.waitUntil(refresh());
  else if (wish.type === "keep") event.waitUntil(keep(wish.list));
  else if (wish.type === "state") event.waitUntil(tell(wish.list));
});
