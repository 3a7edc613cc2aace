/**
 * Makes and reads the second half of a clerk's way into the vault: a printed card, or a passkey
 * (a security key, or the device's fingerprint reader). A thief who copies the disk finds a PIN of
 * six digits in minutes, but not one with a second half, because the second half is not on the disk.
 */

import { digitsOf } from "./clerk-fields.js";

/** The input from which an authenticator computes its secret (WebAuthn Level 3, extension `prf`). */
const PRF_INPUT = new TextEncoder().encode("diemcau kiosk vault v1");
/** ES256 and RS256, which all authenticators know (RFC 8152, RFC 8812). */
const ALGORITHMS = [-7, -257];

/**
 * `half` names the second half, `""` stands for none. `secret` is the part that is not on the disk;
 * `passkey` is the id of the credential, which is no secret.
 * @typedef {"" | "card" | "passkey"} Half
 * @typedef {{half: Half, secret: string, passkey: Uint8Array<ArrayBuffer> | null}} SecondHalf
 */

/** @type {SecondHalf} */
const NONE = { half: "", secret: "", passkey: null };

/** Return whether this browser can ask for a passkey. */
export function knowsPasskeys() {
  return "PublicKeyCredential" in globalThis;
}

/** Return the second half that a new clerk has chosen. For a passkey, ask the browser to make one.
 * Rejects if the authenticator cannot compute secrets, or if the user gives up.
 * @param {Half} half @param {string} card @returns {Promise<SecondHalf>} */
export async function secondHalfOf(half, card) {
  if (half === "card") return { half, secret: digitsOf(card), passkey: null };
  if (half === "passkey") {
    const passkey = await makePasskey();
    return { half, secret: await readPasskey([passkey]), passkey };
  }
  return NONE;
}

/** The name that the device's list of passkeys shows; it tells nothing about the clerk. */
const PASSKEY_NAME = "Bàn điểm danh";

/** Make a passkey that can compute secrets, and return its id.
 * @returns {Promise<Uint8Array<ArrayBuffer>>} */
async function makePasskey() {
  /** @type {any} */
  const credential = await navigator.credentials.create({
    publicKey: {
      challenge: random(32), // unused: the credential signs nothing
      rp: { name: "Điểm Cầu" },
      user: { id: random(16), name: PASSKEY_NAME, displayName: PASSKEY_NAME },
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { residentKey: "discouraged", userVerification: "preferred" },
      extensions: /** @type {any} */ ({ prf: {} }),
    },
  });
  if (!credential?.getClientExtensionResults().prf?.enabled) throw new Error("no prf");
  return new Uint8Array(credential.rawId);
}

/** Return the secret of one of these passkeys, in base64. Rejects if the user gives up.
 * @param {Uint8Array<ArrayBuffer>[]} ids @returns {Promise<string>} */
export async function readPasskey(ids) {
  /** @type {any} */
  const assertion = await navigator.credentials.get({
    publicKey: {
      challenge: random(32),
      allowCredentials: ids.map((id) => ({ type: "public-key", id })),
      userVerification: "preferred",
      extensions: /** @type {any} */ ({ prf: { eval: { first: PRF_INPUT } } }),
    },
  });
  const secret = assertion.getClientExtensionResults().prf?.results?.first;
  if (!secret) throw new Error("no prf");
  return btoa(String.fromCharCode(...new Uint8Array(secret)));
}

/** Return random bytes. @param {number} length */
function random(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}
