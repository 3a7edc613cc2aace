/**
 * Fetches files, each checked against its sha256. A large one comes in pieces that are kept one by
 * one, so that a line that breaks costs one piece.
 */

import { dropPieces, keepFile, keepPiece, piecesOf, scope } from "./kept.js";

const PIECE_BYTES = 64 * 1024;
const TEXT = /\.(?:html|js|json|svg|css|ics)$/; // comes compressed, and therefore whole

/** @typedef {import("../progress.js").Fault} Fault */
/** @typedef {{ok: true, bytes: ArrayBuffer, type: string} | {ok: false, fault: Fault}} Fetched */

/**
 * Fetch one file and keep it if its bytes are the ones that the manifest names.
 * @param {string} path @param {string} sha256
 * @param {number} bytes its size, 0 where it is small but not known
 * @returns {Promise<null | Fault>} what went wrong, if anything
 */
export async function fetchFile(path, sha256, bytes) {
  try {
    const found = await (bytes > PIECE_BYTES && !TEXT.test(path)
      ? fetchPieces(path, sha256, bytes)
      : fetchChecked(path, sha256));
    if (!found.ok) return found.fault;
    await keepFile(sha256, found);
    return null;
  } catch {
    return "full"; // what the network does is told by value; what throws is the store
  }
}

/** @param {string} path @param {string} sha256 @param {number} bytes @returns {Promise<Fetched>} */
async function fetchPieces(path, sha256, bytes) {
  const pieces = await piecesOf(sha256);
  let type = pieces[0]?.type ?? "";
  let got = pieces.reduce((sum, piece) => sum + piece.bytes.byteLength, 0);
  while (got < bytes) {
    const range = `bytes=${got}-${Math.min(got + PIECE_BYTES, bytes) - 1}`;
    const found = await get(path, { Range: range });
    if (!found.ok) return found;
    type = found.type;
    if (found.isWhole) return checked(found, sha256); // a host that knows no ranges
    const piece = { bytes: found.bytes, type };
    if (piece.bytes.byteLength === 0) return { ok: false, fault: "changed" };
    await keepPiece(sha256, pieces.length, piece);
    pieces.push(piece);
    got += piece.bytes.byteLength;
  }
  const whole = await new Blob(pieces.map((piece) => piece.bytes)).arrayBuffer();
  const found = await checked({ ok: true, bytes: whole, type }, sha256);
  if (!found.ok) await dropPieces(sha256); // of two releases: begin anew
  return found;
}

/**
 * @param {string} path
 * @param {string | null} sha256 null where any bytes will do, as for the manifest itself
 * @returns {Promise<Fetched>}
 */
export async function fetchChecked(path, sha256) {
  const found = await get(path, {});
  return found.ok && sha256 ? checked(found, sha256) : found;
}

/** @param {string} path @param {Record<string, string>} headers
 * @returns {Promise<(Fetched & {ok: true, isWhole: boolean}) | (Fetched & {ok: false})>} */
async function get(path, headers) {
  try {
    const response = await fetch(scope + encodeURI(path), { cache: "no-cache", headers });
    if (!response.ok) return { ok: false, fault: response.status >= 500 ? "network" : "changed" };
    const bytes = await response.arrayBuffer();
    const type = response.headers.get("Content-Type") ?? "";
    return { ok: true, bytes, type, isWhole: response.status !== 206 };
  } catch {
    return { ok: false, fault: "network" };
  }
}

/** @param {Fetched & {ok: true}} found @param {string} sha256 @returns {Promise<Fetched>} */
async function checked(found, sha256) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", found.bytes));
  const own = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return own === sha256 ? found : { ok: false, fault: "changed" };
}
