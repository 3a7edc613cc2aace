/**
 * Fetches files and checks their sha256. A large file is fetched in pieces that are saved one by
 * one, so that a broken connection costs at most one piece.
 */

import { nextPieceBytes, SMALLEST_PIECE_BYTES } from "../piece-size.js";
import { dropPieces, saveFile, savePiece, piecesOf, scope } from "./kept.js";

/** The size of the next piece of a file, as the line has shown so far. */
let pieceBytes = SMALLEST_PIECE_BYTES;
const STALLED_MS = 120_000; // the largest text file takes half as long on the slowest connection
const MANIFEST_STALLED_MS = 20_000; // the manifest is small, and the reader is waiting for it
export const MANIFEST = "manifest.json";
const HTML = /\.html$/;
/** The size in bytes above which a file is fetched in pieces. */
const LARGE_BYTES = 16 * 1024;
const TEXT = /\.(?:html|js|json|svg|css|ics)$/; // sent compressed, so it cannot be fetched in byte ranges

/** @typedef {import("../worker-messages.js").Fault} Fault */
/** A fetched file, or the fault that prevented the fetch.
 * @typedef {{ok: true, bytes: ArrayBuffer, type: string} | {ok: false, fault: Fault}} Fetched */

/**
 * Fetch a file, and save it if its bytes match the sha256 in the manifest.
 * @param {string} path @param {string} sha256
 * @param {number} bytes the file's size; 0 if it is small but unknown
 * @returns {Promise<null | Fault>} the fault; null if the file is saved
 */
export async function fetchFile(path, sha256, bytes) {
  try {
    const fetched = await (bytes > LARGE_BYTES && !TEXT.test(path)
      ? fetchPieces(path, sha256, bytes)
      : fetchChecked(path, sha256));
    if (!fetched.ok) return fetched.fault;
    await saveFile(sha256, fetched);
    return null;
  } catch {
    return "full"; // network faults are return values, so only the store can throw
  }
}

/** Return a file, fetched in pieces. Pieces that an earlier attempt saved are not fetched
 * again.
 * @param {string} path @param {string} sha256 @param {number} bytes @returns {Promise<Fetched>} */
async function fetchPieces(path, sha256, bytes) {
  const pieces = await piecesOf(sha256);
  let type = pieces[0]?.type ?? "";
  let receivedBytes = pieces.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  while (receivedBytes < bytes) {
    const range = `bytes=${receivedBytes}-${Math.min(receivedBytes + pieceBytes, bytes) - 1}`;
    const beganMs = performance.now();
    const fetched = await get(path, { Range: range });
    pieceBytes = nextPieceBytes(pieceBytes, fetched.ok ? performance.now() - beganMs : null);
    if (!fetched.ok) return fetched;
    type = fetched.type;
    if (fetched.isWhole) return verify(fetched, sha256); // this host ignores the Range header
    const piece = { bytes: fetched.bytes, type };
    if (piece.bytes.byteLength === 0) return { ok: false, fault: "changed" };
    await savePiece(sha256, pieces.length, piece);
    pieces.push(piece);
    receivedBytes += piece.bytes.byteLength;
  }
  const whole = await new Blob(pieces.map((piece) => piece.bytes)).arrayBuffer();
  const file = await verify({ ok: true, bytes: whole, type }, sha256);
  if (!file.ok) await dropPieces(sha256); // the pieces come from two releases, so the next attempt starts again
  return file;
}

/**
 * Fetch a file with one request, and check its sha256.
 * @param {string} path
 * @param {string | null} sha256 null to accept any bytes, as for the manifest itself
 * @returns {Promise<Fetched>}
 */
export async function fetchChecked(path, sha256) {
  const fetched = await get(path, {});
  return fetched.ok && sha256 ? verify(fetched, sha256) : fetched;
}

/** Fetch a file, or the part that a Range header names; `isWhole` is false for a part. A request
 * that takes over 120 s (20 s for the manifest) returns the fault "network".
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
    // An HTML page instead of another file is the log-in page of a Wi-Fi network.
    if (type.startsWith("text/html") && !HTML.test(path)) return { ok: false, fault: "network" };
    return { ok: true, bytes, type, isWhole: response.status !== 206 };
  } catch {
    return { ok: false, fault: "network" };
  } finally {
    clearTimeout(timer);
  }
}

/** Return the file if its bytes match the sha256, else the fault "changed".
 * @param {Fetched & {ok: true}} file @param {string} sha256 @returns {Promise<Fetched>} */
async function verify(file, sha256) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", file.bytes));
  const actualSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return actualSha256 === sha256 ? file : { ok: false, fault: "changed" };
}
