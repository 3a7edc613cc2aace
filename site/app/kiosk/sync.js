/**
 * Sends the queue and brings the stream up to date, whenever there may be a line: after every
 * record, when the browser says so, when the page is looked at, and every half minute.
 * There is no offline mode; one tab at a time sends.
 */

import { call } from "./server.js";
import { getMeta, queued, setMeta, takeAnswer } from "./store.js";

const BATCH = 200;
const PAUSE_MS = 30_000;
const FIRST_BACKOFF_MS = 2000;
const LONGEST_BACKOFF_MS = 120_000;

/** Answers after which trying again by itself would be of no use. */
const FINAL = new Set(["unauthenticated", "device_revoked", "forbidden"]);

/**
 * @typedef {import("./store.js").Database} Database
 * @typedef {{state: "sent" | "offline" | "stopped" | "busy", code: string | null, skewMs: number | null}} Outcome
 */

/**
 * One round: everything queued goes up, everything new comes down.
 * @param {Database} db
 * @param {() => import("./clock.js").Reading} clock
 * @param {string | null} meeting whose stream to pull
 * @returns {Promise<Outcome & {retryAfterS: number | null}>}
 */
export async function syncOnce(db, clock, meeting) {
  const enrolment = await getMeta(db, "enrolment");
  for (;;) {
    const sent = await queued(db, BATCH);
    const cursor = (meeting && (await getMeta(db, `cursor:${meeting}`))) || "0";
    const now = clock();
    const body = {
      clock: { wall: now.at, mono_ms: now.monoMs, boot: now.boot },
      ...(meeting ? { meeting, cursor } : {}),
      records: sent.map((own) => own.record),
    };
    const result = await call("/sync", { token: enrolment.read_token, body });
    if (!result.ok) {
      const state = result.reason === "network" ? "offline" : FINAL.has(result.code) ? "stopped" : "busy";
      return { state, code: result.code, skewMs: null, retryAfterS: result.retryAfterS };
    }
    /** @type {import("./types.js").SyncAnswer} */
    const answer = result.data;
    await takeAnswer(db, sent, meeting, answer);
    const skewMs = Date.parse(answer.server_time) - Date.parse(now.at);
    await setMeta(db, "lastSentAt", new Date().toISOString());
    if (meeting) await refreshRoster(db, enrolment, meeting, answer.roster_rev);
    await refreshMeetings(db, enrolment);
    const isDone = sent.length < BATCH && !answer.more && answer.want.length === 0;
    if (isDone || (sent.length === 0 && !answer.more)) {
      return { state: "sent", code: null, skewMs, retryAfterS: null };
    }
  }
}

/** @param {Database} db @param {import("./types.js").Enrolment} enrolment */
export async function refreshMeetings(db, enrolment) {
  const result = await call("/meetings", { token: enrolment.read_token });
  if (result.ok) await setMeta(db, "meetings", result.data);
}

/**
 * @param {Database} db @param {import("./types.js").Enrolment} enrolment
 * @param {string} meeting @param {string} rev
 */
async function refreshRoster(db, enrolment, meeting, rev) {
  const kept = await db.get("rosters", meeting);
  if (kept?.rev === rev) return;
  const path = `/meetings/${meeting}/points/${enrolment.point}/roster`;
  const result = await call(path, { token: enrolment.read_token });
  if (result.ok) await db.put("rosters", { meeting, ...result.data });
}

/**
 * Keep syncing for as long as the page is open.
 * @param {Database} db
 * @param {() => import("./clock.js").Reading} clock
 * @param {() => string | null} meeting
 * @param {(outcome: Outcome) => void} told
 * @returns {() => void} asks for a round now
 */
export function keepSyncing(db, clock, meeting, told) {
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
      const outcome = await alone(() => syncOnce(db, clock, meeting()));
      if (outcome) {
        failures = outcome.state === "sent" ? 0 : failures + 1;
        told(outcome);
      }
      clearTimeout(timer);
      if (outcome?.state === "stopped") return;
      const isAgain = isWanted && outcome?.state === "sent";
      timer = setTimeout(round, isAgain ? 0 : pause(failures, outcome?.retryAfterS ?? null));
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
 * Run alone among this browser's tabs; null where another tab is at it. Old browsers have no
 * locks: there the server's idempotency is what keeps two tabs from counting twice.
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T | null>}
 */
async function alone(work) {
  if (!navigator.locks) return work();
  const options = { ifAvailable: true };
  return navigator.locks.request("diemcau-sync", options, async (lock) => (lock ? work() : null));
}
