/**
 * Runs rounds of sync: on request (after every record), when the browser goes online, when the
 * page becomes visible, and about every 30 s. One tab at a time sends. The kiosk has no separate
 * offline mode.
 */

import { syncOnce } from "./sync.js";

const PAUSE_MS = 30_000;
const OTHER_TAB_MS = 3000;
const FIRST_BACKOFF_MS = 2000;
const LONGEST_BACKOFF_MS = 25_000; // after any outage, a hall sends again within half a minute

/**
 * @typedef {import("../device/store.js").Database} Database
 * @typedef {import("./sync.js").Outcome} Outcome
 * @typedef {import("./sync.js").Reader} Reader
 */

/** The outcome of a round that failed on the device itself, for example because the disk is full.
 * @type {Outcome} */
const FAILED_ON_DEVICE = { state: "busy", code: "store", skewMs: null, retryAfterS: null };

/**
 * Run rounds of sync while the page is open, and call the listeners when a round begins and ends.
 * After a final refusal (`stopped`), no round runs until a request or an event asks for one.
 * @param {Database} db @param {() => import("../device/clock.js").ClockReading} clock
 * @param {() => Reader | null} reader
 * @param {{began: () => void, ended: (outcome: Outcome) => void}} listeners
 * @returns {() => void} requests a round now
 */
export function keepSyncing(db, clock, reader, listeners) {
  let timer = 0;
  let failures = 0;
  let isRunning = false;
  let isWanted = false;

  async function runRound() {
    clearTimeout(timer);
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    isWanted = false;
    timer = setTimeout(runRound, LONGEST_BACKOFF_MS); // continues the sync if this round throws
    try {
      const outcome = await runAlone(() => {
        listeners.began();
        return syncOnce(db, clock, reader()).catch(() => FAILED_ON_DEVICE);
      });
      if (outcome) {
        failures = outcome.state === "sent" ? 0 : failures + 1;
        listeners.ended(outcome);
      }
      clearTimeout(timer);
      if (outcome?.state === "stopped" && !isWanted) return;
      const isNextNow = isWanted && outcome !== null && outcome.state !== "offline";
      const waitMs = isNextNow ? 0 : pauseMs(failures, outcome?.retryAfterS ?? null);
      // Try again soon, because the other tab's round may have begun before our latest record.
      timer = setTimeout(runRound, outcome ? waitMs : OTHER_TAB_MS);
    } finally {
      isRunning = false;
    }
  }

  addEventListener("online", () => void runRound());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void runRound();
  });
  void runRound();
  return runRound;
}

/**
 * Return the pause before the next round, in milliseconds. The pause is random (full jitter), so
 * that 70 halls that lost the connection together do not all reconnect at the same moment.
 */
function pauseMs(/** @type {number} */ failures, /** @type {number | null} */ retryAfterS) {
  if (retryAfterS) return retryAfterS * 1000 * (1 + Math.random());
  if (failures === 0) return PAUSE_MS * (0.75 + Math.random() / 2);
  return Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures) + 500;
}

/**
 * Run `work` and return its result; return null if another tab of this browser is running it. A
 * browser without Web Locks uses a lease in local storage. If the lease fails, two tabs send the
 * same records, which does no harm, because the server stores every record once.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | null>}
 */
async function runAlone(work) {
  if (!navigator.locks) return runLeased(work);
  const options = { ifAvailable: true };
  return navigator.locks.request("diemcau-sync", options, async (lock) => (lock ? work() : null));
}

const LEASE_KEY = "diemcau-sync";

/** Run `work` under a lease of 25 s in local storage and return its result; return null if another
 * tab has the lease.
 * @template T @param {() => Promise<T>} work @returns {Promise<T | null>} */
async function runLeased(work) {
  if (Number(localStorage.getItem(LEASE_KEY) ?? 0) > Date.now()) return null;
  localStorage.setItem(LEASE_KEY, String(Date.now() + LONGEST_BACKOFF_MS));
  try {
    return await work();
  } finally {
    localStorage.removeItem(LEASE_KEY);
  }
}
