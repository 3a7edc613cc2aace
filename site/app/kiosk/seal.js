/**
 * Seals what is personal to headquarters' public key, as docs/details.md has it, and signs what
 * leaves by another road than the line. Loaded when first needed.
 */

import { CompactEncrypt, CompactSign, compactVerify, importJWK } from "jose";

import { hexOf } from "./mint.js";

const SEALING = { alg: "ECDH-ES", enc: "A256GCM" };

/** @param {JsonWebKey} to @param {Uint8Array} content @returns {Promise<string>} a compact JWE */
export async function sealTo(to, content) {
  const key = await importJWK(/** @type {any} */ (to), SEALING.alg);
  return new CompactEncrypt(content).setProtectedHeader(SEALING).encrypt(key);
}

/** A detail as records name it. @param {JsonWebKey} to @param {unknown} content */
export async function detailOf(to, content) {
  const box = await sealTo(to, new TextEncoder().encode(JSON.stringify(content)));
  return { box, sha256: await sha256Of(box) };
}

/** @param {CryptoKey} key @param {string} device @param {unknown} content @returns {Promise<string>} a compact JWS */
export function sign(key, device, content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return new CompactSign(bytes).setProtectedHeader({ alg: "ES256", kid: device }).sign(key);
}

/** What headquarters signed; null where it did not. @param {JsonWebKey} by @param {string} signed
 * @returns {Promise<any>} */
export async function verified(by, signed) {
  try {
    const key = await importJWK(/** @type {any} */ (by), "ES256");
    const { payload } = await compactVerify(signed, key, { algorithms: ["ES256"] });
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}

/** @param {string} text @returns {Promise<string>} hexadecimal */
export async function sha256Of(text) {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
