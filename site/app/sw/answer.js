/** Answers requests from the saved files if possible, else from the network. */

import { savedResponse, pathOf } from "./kept.js";

const NETWORK_ONLY = ["api/", "van-phong/", "healthz", "readyz", "sw.js", "manifest.json", "lists/"];
const NOT_SAVED_PAGE = "chua-luu.html";

/** Return whether the service worker answers a request: a GET within the portal, but not for the
 * API, the office, or files that must come from the server, such as the manifest. */
export function isAnsweredHere(/** @type {Request} */ request) {
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET") return false;
  return !NETWORK_ONLY.some((start) => path.startsWith(start));
}

/** Return the saved file, else the network's answer. If a page can be had from neither, return the
 * page that says that it is not saved on this device.
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

/** Return the saved file, if any: a store that fails must not keep the reader from the network. */
async function savedIfPossible(/** @type {string} */ path) {
  try {
    return await savedResponse(path);
  } catch {
    return undefined;
  }
}
