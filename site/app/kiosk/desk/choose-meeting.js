/** Chooses the kiosk's meeting by the device's clock, unless the clerk has chosen one. */

import rules from "../../../rules.json" with { type: "json" };

/** @typedef {import("../types.js").Meeting} Meeting */

export const OPENS_BEFORE_MS = rules.opens_before_ms;
const CHOICE_LASTS_MS = 12 * 3_600_000;
const OVERRUN_MS = 6 * 3_600_000; // meetings run over, and rolls are signed off after the end

/** @typedef {{id: string, chosenMs: number}} Choice */

/** Return a meeting's state now: the state in a saved list may be outdated.
 * @returns {Meeting["state"]} */
export function meetingStateOf(/** @type {Meeting} */ meeting, /** @type {number} */ nowMs) {
  if (nowMs < Date.parse(meeting.starts_at) - OPENS_BEFORE_MS) return "upcoming";
  return nowMs <= Date.parse(meeting.ends_at) ? "open" : "closed";
}

/**
 * Return the id of the clerk's recent choice, else of the open meeting, else of a meeting that has
 * just ended, else of the next, else of the latest.
 * @param {Meeting[]} meetings the latest first
 * @param {Choice | undefined} choice
 * @param {number} nowMs
 * @returns {string | null}
 */
export function chooseMeeting(meetings, choice, nowMs) {
  const isFresh = choice && nowMs - choice.chosenMs < CHOICE_LASTS_MS;
  if (isFresh && meetings.some((meeting) => meeting.id === choice.id)) return choice.id;
  const open = meetings.find((meeting) => meetingStateOf(meeting, nowMs) === "open");
  const msSinceEnd = (/** @type {Meeting} */ meeting) => nowMs - Date.parse(meeting.ends_at);
  const justOver = meetings.find((meeting) => msSinceEnd(meeting) >= 0 && msSinceEnd(meeting) < OVERRUN_MS);
  // If the device's clock is slow, a past meeting looks upcoming; the server's state tells.
  const isToCome = (/** @type {Meeting} */ meeting) => meeting.state !== "closed" && meetingStateOf(meeting, nowMs) === "upcoming";
  const next = meetings.filter(isToCome).pop();
  return (open ?? justOver ?? next ?? meetings[0])?.id ?? null;
}
