/**
 * The vault: what is personal lies on the disk only encrypted (AES-GCM), under one random key that
 * each clerk's PIN wraps (PBKDF2). A PIN delays who copies the disk; it does not stop them.
 */

export const MIN_PIN = 6;
export const MAX_WRONG = 10;

/**
 * @typedef {{iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer}} Sealed
 * @typedef {Sealed & {name: string, salt: Uint8Array<ArrayBuffer>, iterations: number}} Clerk
 * @typedef {{clerks: Clerk[]}} Vault
 */

/** @returns {Promise<CryptoKey>} */
export function newKey() {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
}

/** The vault with one more clerk in it, or an old one under a new PIN.
 * @param {Vault} vault @param {CryptoKey} key @param {string} name @param {string} pin
 * @returns {Promise<Vault>} */
export async function withClerk(vault, key, name, pin) {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const raw = await crypto.subtle.exportKey("raw", key);
  const wrapped = await encrypt(await keyOf(pin, salt, PIN_ITERATIONS), raw);
  const clerk = { ...wrapped, name, salt, iterations: PIN_ITERATIONS };
  return { clerks: [...vault.clerks.filter((each) => each.name !== name), clerk] };
}

/** The vault's key, if the PIN is this clerk's. @param {Clerk} clerk @param {string} pin
 * @returns {Promise<CryptoKey | null>} */
export async function keyFor(clerk, pin) {
  const own = await keyOf(pin, clerk.salt, clerk.iterations);
  const raw = await decrypt(own, clerk).catch(() => null);
  return raw && crypto.subtle.importKey("raw", raw, "AES-GCM", true, ["encrypt", "decrypt"]);
}

/** @param {CryptoKey} key @param {unknown} value that JSON can hold @returns {Promise<Sealed>} */
export function seal(key, value) {
  return encrypt(key, new TextEncoder().encode(JSON.stringify(value)));
}

/** @param {CryptoKey} key @param {Sealed} sealed @returns {Promise<any>} */
export async function unseal(key, sealed) {
  return JSON.parse(new TextDecoder().decode(await decrypt(key, sealed)));
}

/** @param {CryptoKey} key @param {BufferSource} content @returns {Promise<Sealed>} */
async function encrypt(key, content) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, box: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, content) };
}

/** @param {CryptoKey} key @param {Sealed} sealed */
function decrypt(key, { iv, box }) {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, box);
}

/** @param {string} pin @param {Uint8Array<ArrayBuffer>} salt @param {number} iterations */
async function keyOf(pin, salt, iterations) {
  const typed = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, [
    "deriveKey",
  ]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(how, typed, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
