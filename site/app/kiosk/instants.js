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
