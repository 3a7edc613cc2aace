/** Which meeting the kiosk is at: by the device's own clock, unless the clerk has chosen another. */

/** @typedef {import("./types.js").Meeting} Meeting */

export const OPENS_BEFORE_MS = 3 * 3_600_000;
const CHOICE_LASTS_MS = 12 * 3_600_000;
const OVERRUN_MS = 6 * 3_600_000; // meetings run over, and rolls are signed off after the end

/** @typedef {{id: string, chosenMs: number}} Choice */

/** What a meeting is at this hour: kept lists are older than the hour. @returns {Meeting["state"]} */
export function stateOf(/** @type {Meeting} */ meeting, /** @type {number} */ nowMs) {
  if (nowMs < Date.parse(meeting.starts_at) - OPENS_BEFORE_MS) return "upcoming";
  return nowMs <= Date.parse(meeting.ends_at) ? "open" : "closed";
}

/**
 * The clerk's choice of today, else the meeting that is on, else the one that has just ended, else
 * the next, else the latest.
 * @param {Meeting[]} meetings the latest first
 * @param {Choice | undefined} choice
 * @param {number} nowMs
 * @returns {string | null}
 */
export function chooseMeeting(meetings, choice, nowMs) {
  const isFresh = choice && nowMs - choice.chosenMs < CHOICE_LASTS_MS;
  if (isFresh && meetings.some((each) => each.id === choice.id)) return choice.id;
  const open = meetings.find((each) => stateOf(each, nowMs) === "open");
  const sinceEnd = (/** @type {Meeting} */ each) => nowMs - Date.parse(each.ends_at);
  const justOver = meetings.find((each) => sinceEnd(each) >= 0 && sinceEnd(each) < OVERRUN_MS);
  const next = meetings.filter((each) => stateOf(each, nowMs) === "upcoming").pop();
  return (open ?? justOver ?? next ?? meetings[0])?.id ?? null;
}
