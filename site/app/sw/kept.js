/**
 * What is kept: files by their sha256, and an index that says which path is which file.
 * A path is relative to the release, as the manifest has it.
 */

const FILES = "diemcau-files-1";
const INDEX = "diemcau-index-1";
const scope = new URL("./", self.location.href).href;
const indexUrl = `${scope}.kept/index`;

/**
 * `paths` is what is answered from; `wanted` are the lists that the reader asked to keep;
 * `top` is the manifest that the shell was last brought up to.
 * @typedef {{paths: Record<string, string>, wanted: string[], top: string}} Index
 */

/** @type {Index | undefined} */
let known;

/** @returns {Promise<Index>} */
export async function readIndex() {
  if (!known) {
    const stored = await (await caches.open(INDEX)).match(indexUrl);
    known = stored ? /** @type {Index} */ (await stored.json()) : { paths: {}, wanted: [], top: "" };
  }
  return known;
}

export async function writeIndex(/** @type {Index} */ index) {
  known = index;
  await (await caches.open(INDEX)).put(indexUrl, new Response(JSON.stringify(index)));
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

export async function readFile(/** @type {string} */ sha256) {
  return (await caches.open(FILES)).match(fileUrl(sha256));
}

export async function hasFile(/** @type {string} */ sha256) {
  return Boolean(await readFile(sha256));
}

/**
 * Fetch one file and keep it if its bytes are the ones that the manifest names.
 * @returns {Promise<null | "network" | "changed" | "full">} what went wrong, if anything
 */
export async function fetchFile(/** @type {string} */ path, /** @type {string} */ sha256) {
  const found = await fetchChecked(path, sha256);
  if (!found.ok) return found.fault;
  const headers = { "Content-Type": found.type };
  try {
    await (await caches.open(FILES)).put(fileUrl(sha256), new Response(found.bytes, { headers }));
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
  const used = new Set(Object.values((await readIndex()).paths).map(fileUrl));
  const files = await caches.open(FILES);
  for (const request of await files.keys()) {
    if (!used.has(request.url)) await files.delete(request);
  }
}

function fileUrl(/** @type {string} */ sha256) {
  return `${scope}.kept/${sha256}`;
}

async function hexDigest(/** @type {ArrayBuffer} */ bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
