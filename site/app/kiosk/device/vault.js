/**
 * Encrypts personal data on the disk (AES-GCM) with one random key, the vault's key. Every clerk's
 * PIN wraps this key (PBKDF2). A PIN delays a thief who copies the disk, but does not stop the
 * thief; a PIN together with a second half that is not on the disk does.
 */

export const MIN_PIN = 6;

/**
 * `Sealed`: an AES-GCM ciphertext (`box`) and its initialisation vector. `Clerk`: the vault's key,
 * encrypted with a key that is derived from this clerk's PIN and second half. `id` stands for the
 * clerk in records on this device. `Vault`: the clerks who can open the vault, and their names by
 * id, which the vault's key encrypts.
 * @typedef {{iv: Uint8Array<ArrayBuffer>, box: ArrayBuffer}} Sealed
 * @typedef {Sealed & {id: string, half: import("./second-half.js").Half,
 *   passkey: Uint8Array<ArrayBuffer> | null, salt: Uint8Array<ArrayBuffer>, iterations: number}} Clerk
 * @typedef {{clerks: Clerk[], names: Sealed | null}} Vault
 * @typedef {Record<string, string>} ClerkNames
 */

/** A vault that nobody can open yet. @type {Vault} */
export const EMPTY_VAULT = { clerks: [], names: null };

/** Return a random 256-bit key for a new vault. @returns {Promise<CryptoKey>} */
export function newKey() {
  return crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
}

/** Return a copy of the vault which this PIN and second half open for a clerk. They replace those of
 * an existing clerk of the same name.
 * @param {Vault} vault @param {CryptoKey} key @param {string} name @param {string} pin
 * @param {import("./second-half.js").SecondHalf} [secondHalf]
 * @returns {Promise<Vault>} */
export async function withClerk(vault, key, name, pin, secondHalf) {
  const { half, secret, passkey } = secondHalf ?? { half: "", secret: "", passkey: null };
  const names = await clerkNames(vault, key);
  const known = Object.keys(names).find((id) => names[id] === name);
  const id = known ?? `C${Math.max(0, ...Object.keys(names).map((used) => Number(used.slice(1)))) + 1}`;
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const raw = await crypto.subtle.exportKey("raw", key);
  const wrapped = await encrypt(await deriveKey(pin, secret, salt, PIN_ITERATIONS), raw);
  const clerk = { ...wrapped, id, half, passkey, salt, iterations: PIN_ITERATIONS };
  return {
    clerks: [...vault.clerks.filter((existing) => existing.id !== id), clerk],
    names: await seal(key, { ...names, [id]: name }),
  };
}

/** Return the names of a vault's clerks by id. @param {Vault} vault @param {CryptoKey} key
 * @returns {Promise<ClerkNames>} */
export async function clerkNames(vault, key) {
  return vault.names ? unseal(key, vault.names) : {};
}

/** Return the vault's key, unwrapped with the clerk's PIN and second half; null if they are wrong.
 * @param {Clerk} clerk @param {string} pin @param {string} [secret] of the second half
 * @returns {Promise<CryptoKey | null>} */
export async function unlockKey(clerk, pin, secret = "") {
  const pinKey = await deriveKey(pin, secret, clerk.salt, clerk.iterations);
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

/** Return the key, derived from a clerk's PIN and second half (PBKDF2, SHA-256), that wraps the
 * vault's key.
 * @param {string} pin @param {string} secret @param {Uint8Array<ArrayBuffer>} salt @param {number} iterations */
async function deriveKey(pin, secret, salt, iterations) {
  const pinMaterial = await crypto.subtle.importKey("raw", new TextEncoder().encode(`${pin}\n${secret}`), "PBKDF2", false, [
    "deriveKey",
  ]);
  const derivation = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return crypto.subtle.deriveKey(derivation, pinMaterial, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}
