/** Chooses the kiosk's meeting by the device's clock. A recent choice of the clerk comes first. */

import rules from "../../../rules.json" with { type: "json" };

/** @typedef {import("../types.js").Meeting} Meeting */

export const OPENS_BEFORE_MS = rules.opens_before_ms;
const CHOICE_LASTS_MS = 12 * 3_600_000;
const OVERRUN_MS = 6 * 3_600_000; // meetings run over, and rolls are signed off after the end

/** The clerk's choice of a meeting, and its time in ms since 1970 UTC.
 * @typedef {{id: string, chosenMs: number}} Choice */

/** Return a meeting's state at `nowMs`, because the state in a saved list may be outdated. A
 * meeting is `open` from `OPENS_BEFORE_MS` before its start until its end.
 * @returns {Meeting["state"]} */
export function meetingStateOf(/** @type {Meeting} */ meeting, /** @type {number} */ nowMs) {
  if (nowMs < Date.parse(meeting.starts_at) - OPENS_BEFORE_MS) return "upcoming";
  return nowMs <= Date.parse(meeting.ends_at) ? "open" : "closed";
}

/**
 * Return the id of the meeting to show; null without meetings. The order of preference is: the
 * clerk's choice of the last 12 hours, an open meeting, a meeting that ended in the last 6 hours,
 * the next meeting, the latest meeting.
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
  // If the device's clock is slow, a past meeting looks upcoming, but the server's state is `closed`.
  const isToCome = (/** @type {Meeting} */ meeting) => meeting.state !== "closed" && meetingStateOf(meeting, nowMs) === "upcoming";
  const next = meetings.filter(isToCome).pop();
  return (open ?? justOver ?? next ?? meetings[0])?.id ?? null;
}
