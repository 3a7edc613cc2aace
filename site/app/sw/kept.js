/**
 * Stores the saved files: every file by its sha256, and an index from paths to files. A path is
 * relative to the root of the release, as in the manifest.
 *
 * The store is in IndexedDB and not in the Cache API, because only IndexedDB can guarantee
 * (durability "strict") that a file is on the disk before the portal reports it as saved.
 */

import { Database } from "../database.js";

const STRICT = /** @type {const} */ ({ durability: "strict" });
export const scope = new URL("./", self.location.href).href;

/** Response headers, the same as the server's. These headers allow only the portal's code to run,
 * whatever a saved page contains. */
const HEADERS = {
  "Content-Security-Policy":
    `default-src 'self'; script-src ${scope}app/ ${scope}sw.js 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; ` +
    "img-src 'self' data:; object-src 'none'; form-action 'self'; base-uri 'none'",
  "X-Content-Type-Options": "nosniff",
};

/**
 * `paths`: the sha256 of every file, by path. `wanted`: the lists that the reader wants to save. `next`: the
 * paths of a newer kiosk that waits for consent. `manifest`: the text of the last complete update's manifest.
 * @typedef {{paths: Record<string, string>, wanted: string[], next: Record<string, string>, manifest: string}} Index
 * @typedef {{bytes: ArrayBuffer, type: string}} SavedFile
 */

const database = new Database("diemcau-kept", (handle) => {
  for (const store of ["files", "pieces", "index"]) handle.createObjectStore(store);
});

/** @type {Index} */
const EMPTY_INDEX = { paths: {}, wanted: [], next: {}, manifest: "" };

/** Return the index, which is empty before the first save. @returns {Promise<Index>} */
export async function readIndex() {
  return (await database.run((handle) => handle.get("index", "now"))) ?? EMPTY_INDEX;
}

/** Replace the index by `change(index)` in one transaction, because an installing service worker
 * may run at the same time as the active one.
 * @param {(index: Index) => Index} change */
export async function changeIndex(change) {
  await database.run(async (handle) => {
    const tx = handle.transaction("index", "readwrite", STRICT);
    const index = (await tx.store.get("now")) ?? EMPTY_INDEX;
    await tx.store.put(change(index), "now");
    await tx.done;
  });
}

/** Return the path of an address within the release; null for an address outside of it. Query and
 * fragment are ignored; a folder becomes its `index.html`. */
export function pathOf(/** @type {string} */ address) {
  const url = new URL(address);
  url.search = url.hash = "";
  if (!url.href.startsWith(scope)) return null;
  const path = decodeURIComponent(url.href.slice(scope.length));
  return path === "" || path.endsWith("/") ? `${path}index.html` : path;
}

/** Return the saved file at a path, as a response; undefined if none is saved.
 * @param {string} path */
export async function savedResponse(path) {
  const sha256 = (await readIndex()).paths[path];
  return sha256 ? readFile(sha256) : undefined;
}

/** Return the saved file with this sha256, as a response; undefined if none is saved.
 * @param {string} sha256 @returns {Promise<Response | undefined>} */
export async function readFile(sha256) {
  /** @type {SavedFile | undefined} */
  const file = await database.run((handle) => handle.get("files", sha256));
  return file && new Response(file.bytes, { headers: { ...HEADERS, "Content-Type": file.type } });
}

/** Return whether a file with this sha256 is saved. */
export async function hasFile(/** @type {string} */ sha256) {
  return (await database.run((handle) => handle.count("files", sha256))) > 0;
}

/** Save a whole file and delete its pieces, in one transaction.
 * @param {string} sha256 @param {SavedFile} file */
export async function saveFile(sha256, { bytes, type }) {
  await database.run(async (handle) => {
    const tx = handle.transaction(["files", "pieces"], "readwrite", STRICT);
    await tx.objectStore("files").put({ bytes, type }, sha256);
    await tx.objectStore("pieces").delete(piecesRange(sha256));
    await tx.done;
  });
}

/** Save one piece of a file that is being fetched. A piece with the same number is replaced.
 * @param {string} sha256 of the whole file @param {number} number from 0
 * @param {SavedFile} piece */
export async function savePiece(sha256, number, piece) {
  await database.run(async (handle) => {
    const tx = handle.transaction("pieces", "readwrite", STRICT);
    await tx.store.put(piece, [sha256, number]);
    await tx.done;
  });
}

/** Return the saved pieces of a file, in order of their numbers. @returns {Promise<SavedFile[]>} */
export async function piecesOf(/** @type {string} */ sha256) {
  return database.run((handle) => handle.getAll("pieces", piecesRange(sha256)));
}

/** Delete the saved pieces of a file. */
export async function dropPieces(/** @type {string} */ sha256) {
  await database.run((handle) => handle.delete("pieces", piecesRange(sha256)));
}

function piecesRange(/** @type {string} */ sha256) {
  return IDBKeyRange.bound([sha256], [sha256, []]);
}

/** Return the number of saved files and their total size in bytes. */
export async function measureSaved() {
  return database.run(async (handle) => {
    let [files, bytes] = [0, 0];
    for (let cursor = await handle.transaction("files").store.openCursor(); cursor; cursor = await cursor.continue()) {
      files += 1;
      bytes += cursor.value.bytes.byteLength;
    }
    return { files, bytes };
  });
}

/** Delete saved files to which no path refers, and pieces of files that are no longer expected.
 * @param {Set<string>} [awaited] sha256 of files still to be fetched; without this set, no piece is deleted */
export async function sweep(awaited) {
  const { paths, next } = await readIndex();
  const used = new Set([...Object.values(paths), ...Object.values(next)]);
  await database.run(async (handle) => {
    for (const sha256 of await handle.getAllKeys("files")) {
      if (!used.has(String(sha256))) await handle.delete("files", sha256);
    }
    for (const key of awaited ? await handle.getAllKeys("pieces") : []) {
      const [sha256] = /** @type {[string]} */ (key);
      if (!awaited?.has(sha256)) await handle.delete("pieces", key);
    }
  });
}
