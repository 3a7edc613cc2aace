/** Checks before a conference whether this device is fit for it. */

import { sortPeople } from "../desk/search.js";
import rules from "../../../rules.json" with { type: "json" };

const MB = 1_000_000;
const SPARE_MB = 50;
const PRIVATE_MB = 600; // private windows get less space than this, and lose all data when they close
const SKEW_MS = rules.suspect_skew_ms;

/**
 * `Finding`: the result of one check. `key` and `facts` give the message for the clerk.
 * @typedef {"good" | "warn" | "bad"} Level
 * @typedef {{level: Level, key: string, facts?: Record<string, unknown>}} Finding
 */

/**
 * Return a finding (`good`, `warn` or `bad`) for every part of this device: storage, saved code,
 * clock, connection, roster, locks and camera.
 * @param {import("../desk/desk.js").Desk} desk @param {boolean} isShellSaved @param {boolean} isScannerSaved
 * @returns {Promise<Finding[]>}
 */
export async function checkDevice(desk, isShellSaved, isScannerSaved) {
  return [
    await checkWriting(desk.db),
    ...(await checkStorage()),
    isShellSaved ? good("check.shell") : bad("check.no_shell"),
    checkClock(desk),
    checkLine(desk),
    checkRoster(desk),
    navigator.locks ? good("check.locks") : warn("check.no_locks"),
    await checkCamera(isScannerSaved),
  ];
}

/** Test whether 100 kB can be written to the database.
 * @param {import("./store.js").Database} db @returns {Promise<Finding>} */
async function checkWriting(db) {
  try {
    await db.run(async (handle) => {
      const tx = handle.transaction("meta", "readwrite", { durability: "strict" });
      await tx.store.put(new Uint8Array(100_000), "try");
      await tx.done;
      await handle.delete("meta", "try");
    });
    return good("check.writes");
  } catch {
    return bad("check.no_writes");
  }
}

/** Check how much storage is left, and whether the browser may clear it.
 * @returns {Promise<Finding[]>} */
async function checkStorage() {
  const { storage } = navigator;
  if (!storage?.estimate) return [warn("check.unknown_space")];
  void storage.persist?.(); // not awaited, because some browsers ask the user, who may answer late
  const { quota = 0, usage = 0 } = await storage.estimate();
  const spareMb = Math.floor((quota - usage) / MB);
  const spare = spareMb.toLocaleString("vi");
  const space = spareMb < SPARE_MB ? bad("check.full", { spare }) : good("check.space", { spare });
  const isPersisted = (await storage.persisted?.()) ?? false;
  const isPrivate = quota / MB < PRIVATE_MB && spareMb >= SPARE_MB;
  const lasting = isPrivate ? warn("check.private") : isPersisted ? good("check.persists") : warn("check.may_be_cleared");
  return [space, lasting];
}

/** Check how far the device's clock is off. A difference of over two minutes from the server's
 * clock is bad.
 * @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkClock({ outcome }) {
  const skewMs = outcome?.skewMs ?? null;
  if (skewMs === null) return warn("check.clock_unknown");
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  if (Math.abs(skewMs) <= SKEW_MS) return good("check.clock");
  return bad(skewMs < 0 ? "check.clock_fast" : "check.clock_slow", { minutes });
}

/** Check whether the last round of sync reached the server.
 * @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkLine({ outcome }) {
  if (outcome?.state === "sent") return good("check.line");
  return outcome?.state === "stopped" ? bad("check.stopped") : warn("check.no_line");
}

/** Check whether the roster of the meeting is stored on this device.
 * @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkRoster({ roster, meeting, hall }) {
  if (roster.size === 0) return bad("check.no_roster");
  const people = sortPeople([...roster.values()]);
  return good("check.roster", { n: hall.all.counts.summoned || people.length, first: people[0].name, meeting: meeting?.title });
}

/** Check whether the device has a camera, and a QR reader that works offline.
 * @param {boolean} isScannerSaved @returns {Promise<Finding>} */
async function checkCamera(isScannerSaved) {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  if (!devices.some((device) => device.kind === "videoinput")) return warn("check.no_camera");
  const isNative = "BarcodeDetector" in globalThis;
  return isNative || isScannerSaved ? good("check.camera") : warn("check.scanner_not_kept");
}

/** Return a finding that all is well.
 * @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const good = (key, facts) => ({ level: "good", key, facts });
/** Return a finding that may cause trouble.
 * @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const warn = (key, facts) => ({ level: "warn", key, facts });
/** Return a finding that must be fixed before the conference.
 * @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const bad = (key, facts) => ({ level: "bad", key, facts });
