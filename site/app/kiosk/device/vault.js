/**
 * Encrypts personal data on the disk (AES-GCM) with one random key, the vault's key. Every clerk's
 * PIN wraps this key (PBKDF2). A PIN delays a thief who copies the disk, but does not stop the
 * thief.
 */

export const MIN_PIN = 6;

/**
 * `Sealed`: an AES-GCM ciphertext (`box`) and its initialisation vector. `Clerk`: the vault's key,
 * encrypted with a key that is derived from this clerk's PIN.
 * @typedef {{iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer}} Sealed
 * @typedef {Sealed & {name: string, salt: Uint8Array<ArrayBuffer>, iterations: number}} Clerk
 * @typedef {{clerks: Clerk[]}} Vault
 */

/** Return a random 256-bit key for a new vault. @returns {Promise<CryptoKey>} */
export function newKey() {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
}

/** Return a copy of the vault in which this PIN opens the vault for a clerk. A new PIN for an
 * existing clerk's name replaces the old one.
 * @param {Vault} vault @param {CryptoKey} key @param {string} name @param {string} pin
 * @returns {Promise<Vault>} */
export async function withClerk(vault, key, name, pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const raw = await crypto.subtle.exportKey("raw", key);
  const wrapped = await encrypt(await deriveKey(pin, salt, PIN_ITERATIONS), raw);
  const clerk = { ...wrapped, name, salt, iterations: PIN_ITERATIONS };
  return { clerks: [...vault.clerks.filter((existing) => existing.name !== name), clerk] };
}

/** Return the vault's key, unwrapped with the clerk's PIN; null if the PIN is wrong.
 * @param {Clerk} clerk @param {string} pin
 * @returns {Promise<CryptoKey | null>} */
export async function unlockKey(clerk, pin) {
  const pinKey = await deriveKey(pin, clerk.salt, clerk.iterations);
  const raw = await decrypt(pinKey, clerk).catch(() => null);
  return raw && crypto.subtle.importKey("raw", raw, "AES-GCM", true, ["encrypt", "decrypt"]);
}

/** Encrypt a value, as JSON, with the vault's key.
 * @param {CryptoKey} key @param {unknown} value that JSON can hold @returns {Promise<Sealed>} */
export function seal(key, value) {
  return encrypt(key, new TextEncoder().encode(JSON.stringify(value)));
}

/** Return the value that `seal` encrypted. Rejects if the key is wrong.
 * @param {CryptoKey} key @param {Sealed} sealed @returns {Promise<any>} */
export async function unseal(key, sealed) {
  return JSON.parse(new TextDecoder().decode(await decrypt(key, sealed)));
}

/** Encrypt bytes with AES-GCM and a new random initialisation vector of 12 bytes.
 * @param {CryptoKey} key @param {BufferSource} content @returns {Promise<Sealed>} */
async function encrypt(key, content) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, box: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, content) };
}

/** Return the decrypted bytes. Rejects if the key is wrong or the data were changed.
 * @param {CryptoKey} key @param {Sealed} sealed */
function decrypt(key, { iv, box }) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box);
}

/** Return the key, derived from a clerk's PIN (PBKDF2, SHA-256), that wraps the vault's key.
 * @param {string} pin @param {Uint8Array<ArrayBuffer>} salt @param {number} iterations */
async function deriveKey(pin, salt, iterations) {
  const pinMaterial = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, [
    "deriveKey",
  ]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(derivation, pinMaterial, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
