/**
 * Personal cards. A card's code is digits alone: they pass a USB scanner unchanged while a
 * Vietnamese input method is on, and make a coarse, easily read QR code.
 */

import rules from "../../../rules.json" with { type: "json" };

const CARD = new RegExp(`^\\d{${rules.card_digits}}$`);

/** Check whether a text is a card's code, of as many digits as the office prints. @param {string} text */
export function isCard(text) {
  return CARD.test(text);
}

/** Return a card's hash as rosters list it: the first 96 bits of the code's sha256, in base64url.
 * @param {string} code @returns {Promise<string>} */
export async function cardHashOf(code) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  const letters = btoa(String.fromCharCode(...new Uint8Array(digest).slice(0, 12)));
  return letters.replace(/\+/g, "-").replace(/\//g, "_");
}
