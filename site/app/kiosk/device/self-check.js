/** Checks, before a conference begins, whether this device will last through it. */

import { sortPeople } from "../desk/search.js";
import rules from "../../../rules.json" with { type: "json" };

const MB = 1_000_000;
const SPARE_MB = 50;
const PRIVATE_MB = 600; // private windows get little space, and lose it when they close
const SKEW_MS = rules.suspect_skew_ms;

/**
 * @typedef {"good" | "warn" | "bad"} Level
 * @typedef {{level: Level, key: string, facts?: Record<string, unknown>}} Finding
 */

/**
 * Return what is good, doubtful or bad about this device: its storage, clock, roster and camera.
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

/** @param {import("./store.js").Database} db @returns {Promise<Finding>} */
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

/** @returns {Promise<Finding[]>} */
async function checkStorage() {
  const { storage } = navigator;
  if (!storage?.estimate) return [warn("check.unknown_space")];
  void storage.persist?.(); // never awaited: some browsers ask the user, and answer when they like
  const { quota = 0, usage = 0 } = await storage.estimate();
  const spareMb = Math.floor((quota - usage) / MB);
  const spare = spareMb.toLocaleString("vi");
  const space = spareMb < SPARE_MB ? bad("check.full", { spare }) : good("check.space", { spare });
  const isPersisted = (await storage.persisted?.()) ?? false;
  const isPrivate = quota / MB < PRIVATE_MB && spareMb >= SPARE_MB;
  const lasting = isPrivate ? warn("check.private") : isPersisted ? good("check.persists") : warn("check.may_be_cleared");
  return [space, lasting];
}

/** @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkClock({ outcome }) {
  const skewMs = outcome?.skewMs ?? null;
  if (skewMs === null) return warn("check.clock_unknown");
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  if (Math.abs(skewMs) <= SKEW_MS) return good("check.clock");
  return bad(skewMs < 0 ? "check.clock_fast" : "check.clock_slow", { minutes });
}

/** @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkLine({ outcome }) {
  if (outcome?.state === "sent") return good("check.line");
  return outcome?.state === "stopped" ? bad("check.stopped") : warn("check.no_line");
}

/** @param {import("../desk/desk.js").Desk} desk @returns {Finding} */
function checkRoster({ roster, meeting }) {
  if (roster.size === 0) return bad("check.no_roster");
  const people = sortPeople([...roster.values()]);
  return good("check.roster", { n: people.length, first: people[0].name, meeting: meeting?.title });
}

/** @param {boolean} isScannerSaved @returns {Promise<Finding>} */
async function checkCamera(isScannerSaved) {
  const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
  if (!devices.some((device) => device.kind === "videoinput")) return warn("check.no_camera");
  const isNative = "BarcodeDetector" in globalThis;
  return isNative || isScannerSaved ? good("check.camera") : warn("check.scanner_not_kept");
}

/** @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const good = (key, facts) => ({ level: "good", key, facts });
/** @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const warn = (key, facts) => ({ level: "warn", key, facts });
/** @param {string} key @param {Record<string, unknown>} [facts] @returns {Finding} */
const bad = (key, facts) => ({ level: "bad", key, facts });
