/** Answers requests from the saved files if possible, else from the network. */

import { savedResponse, pathOf } from "./kept.js";

const NETWORK_ONLY = ["api/", "van-phong/", "healthz", "readyz", "sw.js", "manifest.json", "lists/"];
const NOT_SAVED_PAGE = "chua-luu.html";

/** Return whether a request is for a page or file of the portal, not for the API or the office. */
export function isOurs(/** @type {Request} */ request) {
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET") return false;
  return !NETWORK_ONLY.some((start) => path.startsWith(start));
}

/** Return the saved file, else the network's answer; offline, a page that explains why not.
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
