/** Converts times of day in Vietnam to UTC instants and back, whatever time zone the laptop is set
 * to. */

import rules from "../../../rules.json" with { type: "json" };

const dayForm = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" });

/** Return the day in Vietnam at an instant, as `2024-08-22`. Raises: RangeError if `at` is no valid
 * time.
 * @param {string | number} at */
export function dayOf(at) {
  return dayForm.format(new Date(at));
}

/** Return the UTC instant of a day and a time of day in Vietnam. Raises: RangeError if either is
 * invalid.
 * @param {string} day `2024-08-22` @param {string} time `07:25` @returns {string} ISO 8601, UTC */
export function instantOf(day, time) {
  return new Date(`${day}T${time}:00+07:00`).toISOString();
}

const NEAR_MS = rules.far_from_meeting_ms;

/**
 * Return the UTC instant (ISO 8601) that a time of day on a paper list means: the latest that has
 * passed and that is within 12 hours of the meeting.
 * @param {{starts_at: string, ends_at: string}} meeting @param {string} time `07:25`
 * @param {number} nowMs @returns {string | null} null if there is none or the time is incomplete
 */
export function statedInstant(meeting, time, nowMs) {
  if (!/^\d\d:\d\d$/.test(time)) return null;
  const [startsMs, endsMs] = [Date.parse(meeting.starts_at), Date.parse(meeting.ends_at)];
  const days = new Set([startsMs - NEAR_MS, startsMs, endsMs, nowMs].map(dayOf));
  const candidates = [...days]
    .map((day) => instantOf(day, time))
    .filter((instant) => {
      const atMs = Date.parse(instant);
      const isNear = atMs >= startsMs - NEAR_MS && atMs <= endsMs + NEAR_MS;
      return isNear && atMs <= nowMs;
    });
  return candidates.sort().at(-1) ?? null;
}

/** Return the latest UTC instant (ISO 8601), not after `nowMs`, with this time of day in Vietnam,
 * such as `07:25`.
 * @param {string} time @param {number} nowMs */
export function latestInstant(time, nowMs) {
  const today = instantOf(dayOf(nowMs), time);
  return Date.parse(today) <= nowMs ? today : instantOf(dayOf(nowMs - 2 * NEAR_MS), time);
}
