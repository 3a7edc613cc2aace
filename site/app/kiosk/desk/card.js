/**
 * Recognises and hashes the codes of personal cards. A code has digits only, which pass a USB
 * scanner unchanged while a Vietnamese input method is on, and which make a coarse, easily read QR
 * code.
 */

import rules from "../../../rules.json" with { type: "json" };

const CARD = new RegExp(`^\\d{${rules.card_digits}}$`);

/** Return whether a text is a card's code: digits only, and as many as the office prints.
 * @param {string} text */
export function isCard(text) {
  return CARD.test(text);
}

/** Return the hash by which rosters list a card: the first 96 bits of the code's sha256, in
 * base64url (16 characters).
 * @param {string} code @returns {Promise<string>} */
export async function cardHashOf(code) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  const letters = btoa(String.fromCharCode(...new Uint8Array(digest).slice(0, 12)));
  return letters.replace(/\+/g, "-").replace(/\//g, "_");
}
