/**
 * What is kept: files by their sha256, and an index that says which path is which file.
 * A path is relative to the release, as the manifest has it.
 *
 * It is kept in IndexedDB and not in the Cache API, because only IndexedDB can be asked (durability
 * "strict") to have each file on the disk before we say that it is kept.
 */

import { openDB } from "idb";

const STRICT = /** @type {const} */ ({ durability: "strict" });
export const scope = new URL("./", self.location.href).href;

/** As the server sends them: only our own code runs, whatever a page that was published may hold. */
const HEADERS = {
  "Content-Security-Policy":
    `default-src 'self'; script-src ${scope}app/ ${scope}sw.js 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; ` +
    "img-src 'self' data:; object-src 'none'; form-action 'self'; base-uri 'none'",
  "X-Content-Type-Options": "nosniff",
};

/**
 * `paths` is what is answered from; `wanted` are the lists that the reader asked to keep; `next` is
 * a newer kiosk that waits for consent; `top` is the manifest that the shell was last brought up to.
 * @typedef {{paths: Record<string, string>, wanted: string[], next: Record<string, string>, top: string}} Index
 * @typedef {{bytes: ArrayBuffer, type: string}} KeptFile
 */

/** @type {Promise<import("idb").IDBPDatabase<any>> | undefined} */
let opening;

function open() {
  opening ??= openDB("diemcau-kept", 1, {
    upgrade(db) {
      db.createObjectStore("files");
      db.createObjectStore("pieces");
      db.createObjectStore("index");
    },
  }).catch((fault) => {
    opening = undefined; // so that the next request may try again
    throw fault;
  });
  return opening;
}

/** @type {Index} */
const NOTHING = { paths: {}, wanted: [], next: {}, top: "" };

/** @returns {Promise<Index>} */
export async function readIndex() {
  return (await (await open()).get("index", "now")) ?? NOTHING;
}

/** Change the index in one transaction: an installing worker may be at work beside the active one.
 * @param {(index: Index) => Index} change */
export async function changeIndex(change) {
  const tx = (await open()).transaction("index", "readwrite", STRICT);
  const index = (await tx.store.get("now")) ?? NOTHING;
  await tx.store.put(change(index), "now");
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
  return file && new Response(file.bytes, { headers: { ...HEADERS, "Content-Type": file.type } });
}

export async function hasFile(/** @type {string} */ sha256) {
  return (await (await open()).count("files", sha256)) > 0;
}

/** Keep a whole file, in the place of its pieces. @param {string} sha256 @param {KeptFile} file */
export async function keepFile(sha256, { bytes, type }) {
  const tx = (await open()).transaction(["files", "pieces"], "readwrite", STRICT);
  await tx.objectStore("files").put({ bytes, type }, sha256);
  await tx.objectStore("pieces").delete(piecesRange(sha256));
  await tx.done;
}

/** @param {string} sha256 of the whole file @param {number} number from 0 @param {KeptFile} piece */
export async function keepPiece(sha256, number, piece) {
  const tx = (await open()).transaction("pieces", "readwrite", STRICT);
  await tx.store.put(piece, [sha256, number]);
  await tx.done;
}

/** The pieces of a file that are here, in their order. @returns {Promise<KeptFile[]>} */
export async function piecesOf(/** @type {string} */ sha256) {
  return (await open()).getAll("pieces", piecesRange(sha256));
}

export async function dropPieces(/** @type {string} */ sha256) {
  await (await open()).delete("pieces", piecesRange(sha256));
}

function piecesRange(/** @type {string} */ sha256) {
  return IDBKeyRange.bound([sha256], [sha256, []]);
}

/** How many files are kept, and their bytes. */
export async function keptBytes() {
  const db = await open();
  let [files, bytes] = [0, 0];
  for (let at = await db.transaction("files").store.openCursor(); at; at = await at.continue()) {
    files += 1;
    bytes += at.value.bytes.byteLength;
  }
  return { files, bytes };
}

/** Delete the files that no path leads to any more, and the pieces of those nobody waits for.
 * @param {Set<string>} [awaited] sha256 of what may still come; without it no piece is deleted */
export async function sweep(awaited) {
  const { paths, next } = await readIndex();
  const used = new Set([...Object.values(paths), ...Object.values(next)]);
  const db = await open();
  for (const sha256 of await db.getAllKeys("files")) {
    if (!used.has(String(sha256))) await db.delete("files", sha256);
  }
  for (const key of awaited ? await db.getAllKeys("pieces") : []) {
    const [sha256] = /** @type {[string]} */ (key);
    if (!awaited?.has(sha256)) await db.delete("pieces", key);
  }
}
