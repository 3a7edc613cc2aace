/**
 * Encrypts personal data with headquarters' public key (docs/details.md), and signs content that
 * leaves the device in a file. The kiosk loads this module when it first needs it.
 */

import { CompactEncrypt, CompactSign, compactVerify, importJWK } from "jose";

import { hexOf } from "./new-record.js";

const SEALING = { alg: "ECDH-ES", enc: "A256GCM" };

/** Encrypt bytes so that only the owner of the recipient's key can read them.
 * @param {JsonWebKey} recipientKey @param {Uint8Array} content
 * @returns {Promise<string>} a compact JWE */
export async function sealTo(recipientKey, content) {
  const key = await importJWK(/** @type {any} */ (recipientKey), SEALING.alg);
  return new CompactEncrypt(content).setProtectedHeader(SEALING).encrypt(key);
}

/** Encrypt a detail, and return the JWE (`box`) and the JWE's sha256 in hexadecimal. Records refer
 * to a detail by this hash.
 * @param {JsonWebKey} recipientKey @param {unknown} content */
export async function detailOf(recipientKey, content) {
  const box = await sealTo(recipientKey, new TextEncoder().encode(JSON.stringify(content)));
  return { box, sha256: await sha256Of(box) };
}

/** Sign content, as JSON, with the device's private key (ES256).
 * @param {CryptoKey} key @param {string} device @param {unknown} content
 * @returns {Promise<string>} a compact JWS */
export function sign(key, device, content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return new CompactSign(bytes).setProtectedHeader({ alg: "ES256", kid: device }).sign(key);
}

/** Return the content of a JWS that headquarters signed; null if the signature is invalid or the
 * content is not JSON.
 * @param {JsonWebKey} signerKey @param {string} signed
 * @returns {Promise<any>} */
export async function verified(signerKey, signed) {
  try {
    const key = await importJWK(/** @type {any} */ (signerKey), "ES256");
    const { payload } = await compactVerify(signed, key, { algorithms: ["ES256"] });
    return JSON.parse(new TextDecoder().decode(payload));
  } catch {
    return null;
  }
}

/** Return the sha256 of a text in UTF-8.
 * @param {string} text @returns {Promise<string>} hexadecimal */
export async function sha256Of(text) {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
