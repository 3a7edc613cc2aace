/**
 * Fetches files and checks them against their sha256. A large file comes in pieces that are saved
 * one by one, so that a broken connection costs at most one piece.
 */

import { dropPieces, saveFile, savePiece, piecesOf, scope } from "./kept.js";

const PIECE_BYTES = 64 * 1024;
const STALLED_MS = 120_000; // the largest text takes half of that on the poorest line
const MANIFEST_STALLED_MS = 20_000; // the manifest is small, and a reader waits for its answer
export const MANIFEST = "manifest.json";
const HTML = /\.html$/;
const TEXT = /\.(?:html|js|json|svg|css|ics)$/; // comes compressed, and therefore whole

/** @typedef {import("../worker-messages.js").Fault} Fault */
/** @typedef {{ok: true, bytes: ArrayBuffer, type: string} | {ok: false, fault: Fault}} Fetched */

/**
 * Fetch one file and save it if its bytes have the sha256 in the manifest.
 * @param {string} path @param {string} sha256
 * @param {number} bytes the file's size; 0 if it is small but unknown
 * @returns {Promise<null | Fault>} what went wrong, if anything
 */
export async function fetchFile(path, sha256, bytes) {
  try {
    const fetched = await (bytes > PIECE_BYTES && !TEXT.test(path)
      ? fetchPieces(path, sha256, bytes)
      : fetchChecked(path, sha256));
    if (!fetched.ok) return fetched.fault;
    await saveFile(sha256, fetched);
    return null;
  } catch {
    return "full"; // network faults come as values; only the store throws
  }
}

/** Fetch a file in pieces, from where an earlier attempt stopped.
 * @param {string} path @param {string} sha256 @param {number} bytes @returns {Promise<Fetched>} */
async function fetchPieces(path, sha256, bytes) {
  const pieces = await piecesOf(sha256);
  let type = pieces[0]?.type ?? "";
  let receivedBytes = pieces.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  while (receivedBytes < bytes) {
    const range = `bytes=${receivedBytes}-${Math.min(receivedBytes + PIECE_BYTES, bytes) - 1}`;
    const fetched = await get(path, { Range: range });
    if (!fetched.ok) return fetched;
    type = fetched.type;
    if (fetched.isWhole) return verify(fetched, sha256); // a host that knows no ranges
    const piece = { bytes: fetched.bytes, type };
    if (piece.bytes.byteLength === 0) return { ok: false, fault: "changed" };
    await savePiece(sha256, pieces.length, piece);
    pieces.push(piece);
    receivedBytes += piece.bytes.byteLength;
  }
  const whole = await new Blob(pieces.map((piece) => piece.bytes)).arrayBuffer();
  const file = await verify({ ok: true, bytes: whole, type }, sha256);
  if (!file.ok) await dropPieces(sha256); // pieces of two releases: start again
  return file;
}

/**
 * Fetch a file in one piece and check its bytes.
 * @param {string} path
 * @param {string | null} sha256 null to accept any bytes, as for the manifest itself
 * @returns {Promise<Fetched>}
 */
export async function fetchChecked(path, sha256) {
  const fetched = await get(path, {});
  return fetched.ok && sha256 ? verify(fetched, sha256) : fetched;
}

/** Fetch a file, or the part that a Range header names; `isWhole` tells which of them came.
 * @param {string} path @param {Record<string, string>} headers
 * @returns {Promise<(Fetched & {ok: true, isWhole: boolean}) | (Fetched & {ok: false})>} */
async function get(path, headers) {
  const controller = new AbortController(); // old phones have no `AbortSignal.timeout`
  const timer = setTimeout(() => controller.abort(), path === MANIFEST ? MANIFEST_STALLED_MS : STALLED_MS);
  try {
    const response = await fetch(scope + encodeURI(path), { cache: "no-cache", headers, signal: controller.signal });
    if (!response.ok) return { ok: false, fault: response.status >= 500 ? "network" : "changed" };
    const bytes = await response.arrayBuffer();
    const type = response.headers.get("Content-Type") ?? "";
    if (type.startsWith("text/html") && !HTML.test(path)) return { ok: false, fault: "network" }; // a Wi-Fi's log-in page
    return { ok: true, bytes, type, isWhole: response.status !== 206 };
  } catch {
    return { ok: false, fault: "network" };
  } finally {
    clearTimeout(timer);
  }
}

/** Return the file if its bytes have the sha256, else the fault "changed".
 * @param {Fetched & {ok: true}} file @param {string} sha256 @returns {Promise<Fetched>} */
async function verify(file, sha256) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", file.bytes));
  const actualSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return actualSha256 === sha256 ? file : { ok: false, fault: "changed" };
}
