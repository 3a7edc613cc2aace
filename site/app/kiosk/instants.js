/** Times of day in Vietnam, whatever zone the laptop was set to, and the instants that records bear. */

const dayForm = new Intl.DateTimeFormat("en-CA", { timeZone: "Asia/Ho_Chi_Minh" });

/** `2024-08-22`, as the day is in Vietnam. @param {string | number} at */
export function dayOf(at) {
  return dayForm.format(new Date(at));
}

/** @param {string} day `2024-08-22` @param {string} time `07:25` @returns {string} the instant in UTC */
export function instantOf(day, time) {
  return new Date(`${day}T${time}:00+07:00`).toISOString();
}

const NEAR_MS = 12 * 3_600_000;

/**
 * The instant that a time of day on paper means: the latest that has passed, near the meeting.
 * @param {{starts_at: string, ends_at: string}} meeting @param {string} time `07:25`
 * @param {number} nowMs @returns {string | null} null where there is none, or no whole time yet
 */
export function statedAt(meeting, time, nowMs) {
  if (!/^\d\d:\d\d$/.test(time)) return null;
  const [startsMs, endsMs] = [Date.parse(meeting.starts_at), Date.parse(meeting.ends_at)];
  const days = new Set([startsMs - NEAR_MS, startsMs, endsMs, nowMs].map(dayOf));
  const meant = [...days]
    .map((day) => instantOf(day, time))
    .filter((each) => {
      const atMs = Date.parse(each);
      const isNear = atMs >= startsMs - NEAR_MS && atMs <= endsMs + NEAR_MS;
      return isNear && atMs <= nowMs;
    });
  return meant.sort().at(-1) ?? null;
}

/** The latest instant of this time of day that has passed. @param {string} time @param {number} nowMs */
export function lastAt(time, nowMs) {
  const today = instantOf(dayOf(nowMs), time);
  return Date.parse(today) <= nowMs ? today : instantOf(dayOf(nowMs - 2 * NEAR_MS), time);
}
