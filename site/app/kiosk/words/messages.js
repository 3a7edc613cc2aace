/** The kiosk's messages from the catalogue, and times of day as the kiosk shows them. */

import { kiosk as words } from "../../../messages.vi.json";
import { fill } from "../../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);
const timeForm = new Intl.DateTimeFormat("vi", {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
  timeZone: "Asia/Ho_Chi_Minh", // whatever the laptop's time zone
});

/** Return a message with its facts filled in.
 * @param {string} key @param {Record<string, unknown>} [facts] */
export function say(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** Return the meaning of a server's stable code; an unknown code is shown as it is. */
export function sayCode(/** @type {string} */ code) {
  return catalogue[`code.${code}`] ?? say("code.other", { code });
}

/** Return the time of day in Vietnam, as `07:41`. @param {number | string | Date} at */
export function timeOf(at) {
  return timeForm.format(new Date(at));
}

/** Return a position of a roll in words; a position without a code is shown as written. */
export function sayPosition(/** @type {string} */ position) {
  return catalogue[`position.${position}`] ?? position;
}
