/**
 * Runs one round of sync: sends the queues and fetches new records of the stream. While the vault
 * is locked, the round only sends.
 */

import { call } from "./server.js";
import { nextPieceBytes, SMALLEST_PIECE_BYTES } from "../../piece-size.js";
import {
  countQueued,
  highestNumber,
  listEnrolments,
  getMeta,
  markDetailsSent,
  getSealed,
  isAnotherEpoch,
  putKeys,
  putSealed,
  listQueuedRecords,
  setMeta,
  storeAnswer,
  listUnsentDetails,
  markForgotten,
  wipeVault,
} from "../device/store.js";
import { seal, unseal } from "../device/vault.js";
import rules from "../../../rules.json" with { type: "json" };

const BATCH = 200;
const SMALL_DETAIL_BYTES = rules.small_detail_bytes;
const SMALL_DETAILS = 40; // per request; well below the server's limit
/** A locked kiosk without anything to send tells the server its highest record number this often, so
 * that a server that was restored from a backup asks for what it lacks. */
const IDLE_CONTACT_MS = 10 * 60_000;
/** The size of the next piece of a detail, as the line has shown so far. */
let pieceBytes = SMALLEST_PIECE_BYTES;

/** Error codes of the server after which an automatic retry is useless. */
const FINAL_CODES = new Set(["unauthenticated", "device_revoked", "forbidden"]);

/**
 * @typedef {import("../device/store.js").Database} Database
 * @typedef {import("../types.js").Enrolment} Enrolment
 *
 * The outcome of a round. After `offline` and `busy`, the kiosk tries again by itself; `stopped` is final.
 * `skewMs` is the server's clock minus the device's, or null.
 * @typedef {{state: "sent" | "offline" | "stopped" | "busy", code: string | null,
 *   skewMs: number | null, retryAfterS: number | null}} Outcome
 *
 * The enrolment whose vault is open, the vault's key, and the meeting whose stream the round fetches.
 * @typedef {{device: string, key: CryptoKey, meeting: string | null}} Reader
 */

/** @type {Outcome} */
const SENT = { state: "sent", code: null, skewMs: null, retryAfterS: null };

/**
 * Run one round: send the queue of every enrolment on this device, and fetch new records for the
 * reader. Return the outcome for the reader's enrolment; without a reader, the first outcome that
 * is not `sent`. If the device is offline, skip the remaining enrolments.
 * @param {Database} db @param {() => import("../device/clock.js").ClockReading} clock
 * @param {Reader | null} reader @returns {Promise<Outcome>}
 */
export async function syncOnce(db, clock, reader) {
  const sortedEnrolments = await listEnrolments(db);
  sortedEnrolments.sort((a, b) => Number(b.device === reader?.device) - Number(a.device === reader?.device));
  let outcome = SENT;
  for (const enrolment of sortedEnrolments) {
    const isReader = enrolment.device === reader?.device;
    const enrolmentOutcome = await syncEnrolment(db, clock, enrolment, isReader ? reader : null);
    if (isReader || (!reader && outcome.state === "sent")) outcome = enrolmentOutcome;
    if (enrolmentOutcome.state === "offline") break;
  }
  return outcome;
}

/** Send the queue of one enrolment in batches of 200 records, and upload its details. For the
 * reader, also fetch new records, the meetings and the roster. In the outcome, `skewMs` is the
 * server's clock minus the device's; null if unknown.
 * @param {Database} db @param {() => import("../device/clock.js").ClockReading} clock
 * @param {Enrolment} enrolment @param {Reader | null} reader @returns {Promise<Outcome>} */
async function syncEnrolment(db, clock, enrolment, reader) {
  const { device } = enrolment;
  const meeting = reader?.meeting ?? null;
  const token = reader ? await readToken(db, device, reader.key) : enrolment.token;
  /** @type {number | null} */
  let skewMs = null;
  /** @type {Set<string>} */
  const failedHashes = new Set();
  for (;;) {
    const batch = await listQueuedRecords(db, device, BATCH);
    // The server refuses the details of a revoked device, so somebody must hand them over in a file.
    const pendingDetails = enrolment.lost === "revoked" ? [] : await listUnsentDetails(db, device);
    const isIdle = batch.length === 0 && pendingDetails.length === 0;
    if (!reader && isIdle && Date.now() - ((await getMeta(db, `contact/${device}`)) ?? 0) < IDLE_CONTACT_MS) return { ...SENT, skewMs };
    const queuedCount = await countQueued(db, device);
    const isRest = queuedCount > batch.length; // the queue is sent in order of number
    const highest = isRest ? batch[batch.length - 1].seq : await highestNumber(db, device);
    const namedHashes = new Set(batch.map((deviceRecord) => deviceRecord.record.body.detail));
    const smallDetails = pendingDetails.filter((detail) => namedHashes.has(detail.sha256) && detail.box.length <= SMALL_DETAIL_BYTES);
    const inlineDetails = Object.fromEntries(smallDetails.slice(0, SMALL_DETAILS).map((detail) => [detail.sha256, detail.box]));
    const cursor = (meeting && (await getMeta(db, `cursor/${device}/${meeting}`))) || "0";
    const now = clock();
    const body = {
      clock: { wall: now.at, mono_ms: now.monoMs, boot: now.boot },
      ...(meeting ? { meeting, cursor } : {}),
      records: batch.map((deviceRecord) => deviceRecord.record),
      details: inlineDetails,
      unsent: queuedCount - batch.length,
      highest,
      ...(typeof KIOSK_VERSION === "string" ? { app: KIOSK_VERSION } : {}),
    };
    const isOnlyDetails = batch.length === 0 && pendingDetails.length > 0 && !reader;
    const result = isOnlyDetails ? null : await call("/sync", { token, body });
    if (result && !result.ok) return outcomeOfFailure(db, device, result);
    /** @type {import("../types.js").SyncAnswer | null} */
    const answer = result && result.data;
    if (answer) {
      const fetched = reader && meeting ? await sealFetched(reader, meeting, cursor, answer) : null;
      await storeAnswer(db, device, batch, answer, fetched);
      await markDetailsSent(db, Object.keys(inlineDetails).filter((sha256) => !answer.want_details.includes(sha256)));
      skewMs = Date.parse(answer.server_time) - Date.parse(now.at);
      await setMeta(db, "lastSentAt", answer.server_time);
      await setMeta(db, `contact/${device}`, Date.now());
      if (answer.verdicts.some((verdict) => verdict.code === "device_revoked")) await wipeIfSecure(db, device);
      if (answer.keys_rev !== enrolment.keys_rev) await refreshKeys(db, device, token);
      if (reader) await refreshMeetings(db, device, reader.key, token);
      if (reader && meeting) await refreshRoster(db, enrolment, reader, meeting, token, answer.roster_rev);
    }
    const remainingDetails = enrolment.lost === "revoked" ? [] : await listUnsentDetails(db, device);
    for (const detail of remainingDetails.filter(({ sha256 }) => !failedHashes.has(sha256))) {
      const fault = await uploadDetail(db, enrolment.token, detail);
      if (fault && (fault.reason === "network" || FINAL_CODES.has(fault.code))) return outcomeOfFailure(db, device, fault);
      if (fault) failedHashes.add(detail.sha256); // the next round tries this detail again
    }
    const isDone = !answer || (batch.length < BATCH && !answer.more && answer.want.length === 0);
    const isStuck = batch.length === 0 && !answer?.more && (await countQueued(db, device)) === 0; // it wants what is gone
    if (isDone || isStuck) return { ...SENT, skewMs };
  }
}

/** Encrypt the records of an answer for the database. `page` is null if there are none. `replacesStream`
 * means that the answer replaces the stored stream.
 * @param {Reader} reader @param {string} meeting @param {string} cursor
 * @param {import("../types.js").SyncAnswer} answer */
async function sealFetched(reader, meeting, cursor, answer) {
  const page = answer.records.length > 0 ? await seal(reader.key, answer.records) : null;
  return { meeting, replacesStream: isAnotherEpoch(cursor, answer.cursor), page };
}

/** Return the outcome for a failed call. If the server has revoked the device, wipe its vault
 * first; if the server does not know the device, remember this for the next enrolment.
 * @param {Database} db @param {string} device @param {import("./server.js").Failure} fault
 * @returns {Promise<Outcome>} */
async function outcomeOfFailure(db, device, fault) {
  const { code, retryAfterS } = fault;
  if (code === "device_revoked") await wipeIfSecure(db, device);
  if (code === "unauthenticated") await markForgotten(db, device);
  const state = fault.reason === "network" ? "offline" : FINAL_CODES.has(code) ? "stopped" : "busy";
  return { state, code, skewMs: null, retryAfterS };
}

/** Wipe the vault of a revoked device. Do this only in a secure context (TLS or this machine),
 * because another sender's order may be forged.
 * @param {Database} db @param {string} device */
async function wipeIfSecure(db, device) {
  if (isSecureContext) await wipeVault(db, device, "revoked");
}

/** Return an enrolment's read token, decrypted with the vault's key; "" if none is stored.
 * @param {Database} db @param {string} device @param {CryptoKey} key @returns {Promise<string>} */
export async function readToken(db, device, key) {
  const sealed = await getSealed(db, device, "token");
  return sealed ? unseal(key, sealed) : "";
}

/** Fetch headquarters' public keys, which have changed, and store them with the enrolment.
 * @param {Database} db @param {string} device @param {string} token */
async function refreshKeys(db, device, token) {
  const result = await call("/keys", { token });
  if (result.ok) await putKeys(db, device, result.data);
}

/** Fetch the list of meetings and store it encrypted. If the call fails, the stored list remains.
 * @param {Database} db @param {string} device @param {CryptoKey} key @param {string} token */
async function refreshMeetings(db, device, key, token) {
  const result = await call("/meetings", { token });
  if (result.ok) await putSealed(db, device, "meetings", await seal(key, result.data));
}

/** Fetch the roster if its revision `rev` is new, and store the roster encrypted. If the call
 * fails, the stored roster remains.
 * @param {Database} db @param {Enrolment} enrolment @param {Reader} reader @param {string} meeting
 * @param {string} token @param {string} rev */
async function refreshRoster(db, { device, point }, reader, meeting, token, rev) {
  if ((await getMeta(db, `rev/${device}/${meeting}`)) === rev && (await getSealed(db, device, `roster/${meeting}`))) return;
  const result = await call(`/meetings/${meeting}/points/${point}/roster`, { token });
  if (!result.ok) return;
  await putSealed(db, device, `roster/${meeting}`, await seal(reader.key, result.data));
  await setMeta(db, `rev/${device}/${meeting}`, rev);
}

/** Upload a detail in pieces, from where an earlier upload stopped, then mark the detail as
 * sent. Return the failure that stopped the upload, or null.
 * @param {Database} db @param {string} token
 * @param {import("../types.js").Detail} detail @returns {Promise<import("./server.js").Failure | null>} */
async function uploadDetail(db, token, { sha256, box }) {
  const path = `/details/${sha256}`;
  let answer = await call(path, { token, method: "HEAD" });
  while (answer.ok && answer.headers.get("Upload-Complete") !== "?1") {
    const at = Number(answer.headers.get("Upload-Offset"));
    const piece = box.slice(at, at + pieceBytes);
    const beganMs = performance.now();
    const headers = { "Content-Range": `bytes ${at}-${at + piece.length - 1}/${box.length}` };
    answer = await call(path, { token, method: "PUT", piece, headers });
    pieceBytes = nextPieceBytes(pieceBytes, answer.ok ? performance.now() - beganMs : null);
  }
  if (!answer.ok) return answer;
  await markDetailsSent(db, [sha256]);
  return null;
}
