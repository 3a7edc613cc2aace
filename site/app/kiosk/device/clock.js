/**
 * The device's two clocks: the time of day, and the time since the page opened. A boot is a span in
 * which the two agree; when the clock is set or the device sleeps, a new boot begins.
 */

import rules from "../../../rules.json" with { type: "json" };

export const DRIFT_MS = rules.clock_drift_ms;

/**
 * @typedef {{wall: () => number, mono: () => number}} ClockSources
 * @typedef {{boot: string, at: string, monoMs: number}} ClockReading
 */

/** @type {ClockSources} */
const deviceClocks = { wall: () => Date.now(), mono: () => performance.now() };

/** Return a function that reads the device's time of day and the time since the page opened. When
 * the two have drifted apart by over `DRIFT_MS`, the readings get a new boot id.
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

function newBoot() {
  const bytes = crypto.getRandomValues(new Uint8Array(4));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
