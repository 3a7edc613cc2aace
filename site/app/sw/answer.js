/** Answers the pages' requests from the saved files or, if a file is not saved, from the network. */

import { savedResponse, pathOf } from "./kept.js";

const NETWORK_ONLY = ["api/", "van-phong/", "healthz", "readyz", "sw.js", "manifest.json", "lists/"];
const NOT_SAVED_PAGE = "chua-luu.html";

/** Return whether the service worker answers a request: a GET within the portal. Requests for the
 * API, the office and files that must come from the server, such as the manifest, go to the
 * network. */
export function isAnsweredHere(/** @type {Request} */ request) {
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET") return false;
  return !NETWORK_ONLY.some((start) => path.startsWith(start));
}

/** Return the saved file or, if none is saved, the network's response. If the network fails for a
 * page, return the page `chua-luu.html`, which says that the page is not saved on this device.
 * Rejects with the network's error in all other cases.
 * @param {Request} request */
export async function answer(request) {
  const saved = await savedIfPossible(pathOf(request.url) ?? "");
  if (saved) return saved;
  try {
    return await fetch(request);
  } catch (fault) {
    const page = request.mode === "navigate" ? await savedIfPossible(NOT_SAVED_PAGE) : undefined;
    if (page) return page;
    throw fault;
  }
}

/** Return the saved file; undefined if none is saved or the store fails, so that the network is
 * tried next. */
async function savedIfPossible(/** @type {string} */ path) {
  try {
    return await savedResponse(path);
  } catch {
    return undefined;
  }
}
