/** Provides the kiosk's messages from the catalogue, and formats times of day for the kiosk. */

import { kiosk as words } from "../../../messages.vi.json";
import { fill } from "../../words.js";

const catalogue = /** @type {Record<string, string>} */ (words);
const timeForm = new Intl.DateTimeFormat("vi", {
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
  timeZone: "Asia/Ho_Chi_Minh", // independent of the laptop's time zone
});

/** Return the message with this key from the catalogue, with `facts` filled into its placeholders.
 * @param {string} key @param {Record<string, unknown>} [facts] */
export function say(key, facts = {}) {
  return fill(catalogue[key], facts);
}

/** Return the message for an error code of the server. For an unknown code, return a message that
 * shows the code. */
export function sayCode(/** @type {string} */ code) {
  return catalogue[`code.${code}`] ?? say("code.other", { code });
}

/** Return the time of day in Vietnam at an instant, as `07:41`.
 * @param {number | string | Date} at */
export function timeOf(at) {
  return timeForm.format(new Date(at));
}

/** Return the Vietnamese name of a position on a roll. A position without a known code is returned
 * as written. */
export function sayPosition(/** @type {string} */ position) {
  return catalogue[`position.${position}`] ?? position;
}
