/**
 * Seals personal data to headquarters' public key (docs/details.md), and signs content that leaves
 * the device in a file. Loaded when first needed.
 */

import { CompactEncrypt, CompactSign, compactVerify, importJWK } from "jose";

import { hexOf } from "./new-record.js";

const SEALING = { alg: "ECDH-ES", enc: "A256GCM" };

/** Encrypt content so that only the owner of the recipient's key can read it.
 * @param {JsonWebKey} recipientKey @param {Uint8Array} content
 * @returns {Promise<string>} a compact JWE */
export async function sealTo(recipientKey, content) {
  const key = await importJWK(/** @type {any} */ (recipientKey), SEALING.alg);
  return new CompactEncrypt(content).setProtectedHeader(SEALING).encrypt(key);
}

/** Seal a detail, and hash it, since records name it by its sha256.
 * @param {JsonWebKey} recipientKey @param {unknown} content */
export async function detailOf(recipientKey, content) {
  const box = await sealTo(recipientKey, new TextEncoder().encode(JSON.stringify(content)));
  return { box, sha256: await sha256Of(box) };
}

/** Sign content with the device's key.
 * @param {CryptoKey} key @param {string} device @param {unknown} content
 * @returns {Promise<string>} a compact JWS */
export function sign(key, device, content) {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  return new CompactSign(bytes).setProtectedHeader({ alg: "ES256", kid: device }).sign(key);
}

/** Return the content that headquarters signed; null if the signature is not valid.
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

/** Return the sha256 of a text. @param {string} text @returns {Promise<string>} hexadecimal */
export async function sha256Of(text) {
  return hexOf(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
