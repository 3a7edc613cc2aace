/**
 * What is kept: files by their sha256, and an index that says which path is which file.
 * A path is relative to the release, as the manifest has it.
 *
 * It is kept in IndexedDB and not in the Cache API, because only IndexedDB can be asked (durability
 * "strict") to have each file on the disk before we say that it is kept.
 */

import { openDB } from "idb";

const STRICT = /** @type {const} */ ({ durability: "strict" });
const scope = new URL("./", self.location.href).href;

/**
 * `paths` is what is answered from; `wanted` are the lists that the reader asked to keep;
 * `top` is the manifest that the shell was last brought up to.
 * @typedef {{paths: Record<string, string>, wanted: string[], top: string}} Index
 * @typedef {{bytes: ArrayBuffer, type: string}} KeptFile
 */

/** @type {Promise<import("idb").IDBPDatabase<any>> | undefined} */
let opening;

function open() {
  opening ??= openDB("diemcau-kept", 1, {
    upgrade(db) {
      db.createObjectStore("files");
      db.createObjectStore("index");
    },
  }).catch((fault) => {
    opening = undefined; // so that the next request may try again
    throw fault;
  });
  return opening;
}

/** @returns {Promise<Index>} */
export async function readIndex() {
  return (await (await open()).get("index", "now")) ?? { paths: {}, wanted: [], top: "" };
}

/** Change the index in one transaction: an installing worker may be at work beside the active one.
 * @param {(index: Index) => Index} change */
export async function changeIndex(change) {
  const tx = (await open()).transaction("index", "readwrite", STRICT);
  const index = (await tx.store.get("now")) ?? { paths: {}, wanted: [], top: "" };
  await tx.store.put(change(index), "now");
  await tx.done;
}

/** @param {string} store @param {string} key @param {unknown} value */
async function put(store, key, value) {
  const tx = (await open()).transaction(store, "readwrite", STRICT);
  await tx.store.put(value, key);
  await tx.done;
}

/** The path of an address within the release; null for another origin or another scope. */
export function pathOf(/** @type {string} */ address) {
  const url = new URL(address);
  url.search = url.hash = "";
  if (!url.href.startsWith(scope)) return null;
  const path = decodeURIComponent(url.href.slice(scope.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

/** @param {string} path */
export async function keptResponse(path) {
  const sha256 = (await readIndex()).paths[path];
  return sha256 ? readFile(sha256) : undefined;
}

/** @param {string} sha256 @returns {Promise<Response | undefined>} */
export async function readFile(sha256) {
  /** @type {KeptFile | undefined} */
  const file = await (await open()).get("files", sha256);
  return file && new Response(file.bytes, { headers: { "Content-Type": file.type } });
}

export async function hasFile(/** @type {string} */ sha256) {
  return (await (await open()).count("files", sha256)) > 0;
}

/**
 * Fetch one file and keep it if its bytes are the ones that the manifest names.
 * @param {string} path
 * @param {string} sha256
 * @returns {Promise<null | "network" | "changed" | "full">} what went wrong, if anything
 */
export async function fetchFile(path, sha256) {
  const found = await fetchChecked(path, sha256);
  if (!found.ok) return found.fault;
  try {
    await put("files", sha256, { bytes: found.bytes, type: found.type });
  } catch {
    return "full";
  }
  return null;
}

/**
 * @param {string} path
 * @param {string | null} sha256 null where any bytes will do, as for the manifest itself
 * @returns {Promise<{ok: true, bytes: ArrayBuffer, type: string}
 *   | {ok: false, fault: "network" | "changed"}>}
 */
export async function fetchChecked(path, sha256) {
  try {
    const response = await fetch(scope + encodeURI(path), { cache: "no-cache" });
    if (!response.ok) return { ok: false, fault: "changed" };
    const bytes = await response.arrayBuffer();
    if (sha256 && (await hexDigest(bytes)) !== sha256) return { ok: false, fault: "changed" };
    return { ok: true, bytes, type: response.headers.get("Content-Type") ?? "" };
  } catch {
    return { ok: false, fault: "network" };
  }
}

/** Delete the files that no path leads to any more. */
export async function sweep() {
  const used = new Set(Object.values((await readIndex()).paths));
  const db = await open();
  for (const sha256 of await db.getAllKeys("files")) {
    if (!used.has(String(sha256))) await db.delete("files", sha256);
  }
}

async function hexDigest(/** @type {ArrayBuffer} */ bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
