/**
 * Keeps the line in use, whenever there may be one: after every record, when the browser says so,
 * when the page is looked at, and every half minute. There is no offline mode; one tab at a time
 * sends.
 */

import { syncOnce } from "./sync.js";

const PAUSE_MS = 30_000;
const OTHER_TAB_MS = 3000;
const FIRST_BACKOFF_MS = 2000;
const LONGEST_BACKOFF_MS = 120_000;

/**
 * @typedef {import("./store.js").Database} Database
 * @typedef {import("./sync.js").Outcome} Outcome
 * @typedef {import("./sync.js").Reader} Reader
 */

/** A round that the device itself broke off, as with a full disk. @type {Outcome} */
const BROKEN = { state: "busy", code: "store", skewMs: null, retryAfterS: null };

/**
 * Keep syncing for as long as the page is open.
 * @param {Database} db @param {() => import("./clock.js").Reading} clock
 * @param {() => Reader | null} reader
 * @param {{began: () => void, ended: (outcome: Outcome) => void}} told
 * @returns {() => void} asks for a round now
 */
export function keepSyncing(db, clock, reader, told) {
  let timer = 0;
  let failures = 0;
  let isRunning = false;
  let isWanted = false;

  async function round() {
    clearTimeout(timer);
    if (isRunning) {
      isWanted = true;
      return;
    }
    isRunning = true;
    isWanted = false;
    timer = setTimeout(round, LONGEST_BACKOFF_MS); // should the round itself break
    try {
      const outcome = await alone(() => {
        told.began();
        return syncOnce(db, clock, reader()).catch(() => BROKEN);
      });
      if (outcome) {
        failures = outcome.state === "sent" ? 0 : failures + 1;
        told.ended(outcome);
      }
      clearTimeout(timer);
      if (outcome?.state === "stopped" && !isWanted) return;
      const isAgain = isWanted && outcome !== null && outcome.state !== "offline";
      const waitMs = isAgain ? 0 : pause(failures, outcome?.retryAfterS ?? null);
      timer = setTimeout(round, outcome ? waitMs : OTHER_TAB_MS); // which may have begun before our record
    } finally {
      isRunning = false;
    }
  }

  addEventListener("online", () => void round());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void round();
  });
  void round();
  return round;
}

/** Full jitter: seventy halls that lost the line together do not come back together. */
function pause(/** @type {number} */ failures, /** @type {number | null} */ retryAfterS) {
  if (retryAfterS) return retryAfterS * 1000 * (1 + Math.random());
  if (failures === 0) return PAUSE_MS * (0.75 + Math.random() / 2);
  return Math.random() * Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures) + 500;
}

/**
 * Run alone among this browser's tabs; null where another tab is at it. Where a browser has no
 * locks, a lease in its local storage stands in, and the server's idempotency behind it.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | null>}
 */
async function alone(work) {
  if (!navigator.locks) return leased(work);
  const options = { ifAvailable: true };
  return navigator.locks.request("diemcau-sync", options, async (lock) => (lock ? work() : null));
}

const LEASE = "diemcau-sync";

/** @template T @param {() => Promise<T>} work @returns {Promise<T | null>} */
async function leased(work) {
  if (Number(localStorage.getItem(LEASE) ?? 0) > Date.now()) return null;
  localStorage.setItem(LEASE, String(Date.now() + LONGEST_BACKOFF_MS));
  try {
    return await work();
  } finally {
    localStorage.removeItem(LEASE);
  }
}
