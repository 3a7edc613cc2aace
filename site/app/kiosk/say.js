/** The kiosk's words and the forms of its times, from the one catalogue. */

import { kiosk as words } from "../../messages.vi.json";
import { fill } from "../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);
const timeForm = new Intl.DateTimeFormat("vi", {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
  timeZone: "Asia/Ho_Chi_Minh", // whatever zone the laptop was set to
});

/** @param {string} key @param {Record<string, unknown>} [facts] */
export function say(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** What a server's stable code means to a clerk; one that we do not know is shown as it is. */
export function sayCode(/** @type {string} */ code) {
  return catalogue[`code.${code}`] ?? say("code.other", { code });
}

/** `07:41`, as clocks in Vietnam show. @param {number | string | Date} at */
export function timeOf(at) {
  return timeForm.format(new Date(at));
}

/** A position of a roll in words; one that is no code stands as it was written. */
export function sayPosition(/** @type {string} */ position) {
  return catalogue[`position.${position}`] ?? position;
}
