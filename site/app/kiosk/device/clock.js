/**
 * The device's two clocks, and the boot: the span in which they agree. When the wall clock is set
 * or the device has slept, they drift apart and a new boot begins (design: 2 s).
 */

export const DRIFT_MS = 2000;

/**
 * @typedef {{wall: () => number, mono: () => number}} ClockSources
 * @typedef {{boot: string, at: string, monoMs: number}} ClockReading
 */

/** @type {ClockSources} */
const deviceClocks = { wall: () => Date.now(), mono: () => performance.now() };

/** Return a function that reads the device's time of day and the time since the page opened. When
 * the two have drifted apart, somebody has set the clock, and the readings get a new boot id.
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
