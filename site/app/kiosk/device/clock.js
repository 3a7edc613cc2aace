/**
 * Reads the device's two clocks: the time of day, and the time since the page opened. A boot is a
 * period in which these clocks agree. When the time of day is set or the device sleeps, a new boot
 * begins.
 */

import rules from "../../../rules.json" with { type: "json" };

export const DRIFT_MS = rules.clock_drift_ms;

/**
 * `ClockSources`: functions that return the time of day and the time since the page opened, in ms.
 * `ClockReading`: one reading of these clocks; `at` is in ISO 8601 (UTC).
 * @typedef {{wall: () => number, mono: () => number}} ClockSources
 * @typedef {{boot: string, at: string, monoMs: number}} ClockReading
 */

/** @type {ClockSources} */
const deviceClocks = { wall: () => Date.now(), mono: () => performance.now() };

/** Return a function that reads both clocks. A reading contains the boot's id, the time of day (ISO
 * 8601, UTC) and the ms since the page opened. If the clocks have drifted apart by over
 * `DRIFT_MS`, a new boot begins with that reading.
 * @param {ClockSources} [sources] @returns {() => ClockReading} */
export function startClock(sources = deviceClocks) {
  let boot = newBoot();
  let offset = sources.wall() - sources.mono();
  return () => {
    const wall = sources.wall();
    const mono = sources.mono();
    if (Math.abs(wall - mono - offset) > DRIFT_MS) {
      boot = newBoot();
      offset = wall - mono;
    }
    return { boot, at: new Date(wall).toISOString(), monoMs: Math.round(mono) };
  };
}

/**
 * Return the server's clock minus the device's after the device's clock was moved by `stepMs`. If
 * the step makes a wrong clock right, somebody has set it. Otherwise the device has slept, and its
 * clock is as wrong as before.
 * @param {number} skewMs the difference before the step @param {number} stepMs
 */
export function skewAfterStep(skewMs, stepMs) {
  const wasWrong = Math.abs(skewMs) > rules.suspect_skew_ms;
  return wasWrong && Math.abs(skewMs - stepMs) <= rules.suspect_skew_ms ? skewMs - stepMs : skewMs;
}

function newBoot() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
