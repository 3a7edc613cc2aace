/** Answers requests: from what is kept if it is there, else from the network. */

import { keptResponse, pathOf } from "./kept.js";

const NEVER = ["api/", "van-phong/", "healthz", "readyz", "sw.js", "manifest.json", "lists/"];
const NOT_KEPT = "chua-luu.html";

/** Only the portal's own pages and files; the API and the office are never touched. */
export function isOurs(/** @type {Request} */ request) {
  const path = pathOf(request.url);
  if (path === null || request.method !== "GET") return false;
  return !NEVER.some((start) => path.startsWith(start));
}

/** @param {Request} request */
export async function answer(request) {
  const kept = await keptIfPossible(pathOf(request.url) ?? "");
  if (kept) return kept;
  try {
    return await fetch(request);
  } catch (fault) {
    const page = request.mode === "navigate" ? await keptIfPossible(NOT_KEPT) : undefined;
    if (page) return page;
    throw fault;
  }
}

/** A store that fails must not stand between the reader and the network. */
async function keptIfPossible(/** @type {string} */ path) {
  try {
    return await keptResponse(path);
  } catch {
    return undefined;
  }
}
