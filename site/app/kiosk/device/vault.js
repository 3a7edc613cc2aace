/**
 * The vault: personal data is on the disk only encrypted (AES-GCM), under one random key that every
 * clerk's PIN wraps (PBKDF2). A PIN delays a thief who copies the disk; it does not stop them.
 */

export const MIN_PIN = 6;

/**
 * @typedef {{iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer}} Sealed
 * @typedef {Sealed & {name: string, salt: Uint8Array<ArrayBuffer>, iterations: number}} Clerk
 * @typedef {{clerks: Clerk[]}} Vault
 */

/** Make a random key for a new vault. @returns {Promise<CryptoKey>} */
export function newKey() {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
}

/** Return the vault with a clerk added, or with a new PIN for a clerk of this name.
 * @param {Vault} vault @param {CryptoKey} key @param {string} name @param {string} pin
 * @returns {Promise<Vault>} */
export async function withClerk(vault, key, name, pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const raw = await crypto.subtle.exportKey("raw", key);
  const wrapped = await encrypt(await deriveKey(pin, salt, PIN_ITERATIONS), raw);
  const clerk = { ...wrapped, name, salt, iterations: PIN_ITERATIONS };
  return { clerks: [...vault.clerks.filter((existing) => existing.name !== name), clerk] };
}

/** Return the vault's key, or null if the PIN is wrong. @param {Clerk} clerk @param {string} pin
 * @returns {Promise<CryptoKey | null>} */
export async function unlockKey(clerk, pin) {
  const pinKey = await deriveKey(pin, clerk.salt, clerk.iterations);
  const raw = await decrypt(pinKey, clerk).catch(() => null);
  return raw && crypto.subtle.importKey("raw", raw, "AES-GCM", true, ["encrypt", "decrypt"]);
}

/** Encrypt a value with the vault's key.
 * @param {CryptoKey} key @param {unknown} value that JSON can hold @returns {Promise<Sealed>} */
export function seal(key, value) {
  return encrypt(key, new TextEncoder().encode(JSON.stringify(value)));
}

/** Decrypt a sealed value. @param {CryptoKey} key @param {Sealed} sealed @returns {Promise<any>} */
export async function unseal(key, sealed) {
  return JSON.parse(new TextDecoder().decode(await decrypt(key, sealed)));
}

/** Encrypt bytes under a new random vector.
 * @param {CryptoKey} key @param {BufferSource} content @returns {Promise<Sealed>} */
async function encrypt(key, content) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, box: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, content) };
}

/** Decrypt to bytes; rejects if the key is wrong. @param {CryptoKey} key @param {Sealed} sealed */
function decrypt(key, { iv, box }) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box);
}

/** Derive a clerk's wrapping key from the PIN.
 * @param {string} pin @param {Uint8Array<ArrayBuffer>} salt @param {number} iterations */
async function deriveKey(pin, salt, iterations) {
  const pinMaterial = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, [
    "deriveKey",
  ]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(derivation, pinMaterial, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
