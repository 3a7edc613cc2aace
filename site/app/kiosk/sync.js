/**
 * One round with the server: the queues go up, what is new in the stream comes down. Without a PIN
 * it sends and reads nothing.
 */

import { call } from "./server.js";
import {
  countQueued,
  detailsSent,
  enrolments,
  getMeta,
  getSealed,
  isAnotherEpoch,
  putSealed,
  queued,
  setMeta,
  takeAnswer,
  unsentDetails,
  wipe,
} from "./store.js";
import { seal, unseal } from "./vault.js";

const BATCH = 200;
const SMALL_DETAIL_BYTES = 8 * 1024;
const SMALL_DETAILS = 40; // to a request: well below what the server takes
const PIECE_BYTES = 64 * 1024;

/** Answers after which trying again by itself would be of no use. */
const FINAL = new Set(["unauthenticated", "device_revoked", "forbidden"]);

/**
 * @typedef {import("./store.js").Database} Database
 * @typedef {import("./types.js").Enrolment} Enrolment
 * @typedef {{state: "sent" | "offline" | "stopped" | "busy", code: string | null,
 *   skewMs: number | null, retryAfterS: number | null}} Outcome
 *
 * Who has the desk: whose vault is open, and the meeting whose stream is read.
 * @typedef {{device: string, key: CryptoKey, meeting: string | null}} Reader
 */

/** @type {Outcome} */
const SENT = { state: "sent", code: null, skewMs: null, retryAfterS: null };

/**
 * One round: everything queued goes up, of every enrolment on this device; what is new for the
 * reader comes down. The outcome is the reader's; without one, the first that failed.
 * @param {Database} db @param {() => import("./clock.js").Reading} clock
 * @param {Reader | null} reader @returns {Promise<Outcome>}
 */
export async function syncOnce(db, clock, reader) {
  const all = await enrolments(db);
  all.sort((a, b) => Number(b.device === reader?.device) - Number(a.device === reader?.device));
  let outcome = SENT;
  for (const enrolment of all) {
    const isReader = enrolment.device === reader?.device;
    const own = await syncOf(db, clock, enrolment, isReader ? reader : null);
    if (isReader || (!reader && outcome.state === "sent")) outcome = own;
    if (own.state === "offline") break;
  }
  return outcome;
}

/** @param {Database} db @param {() => import("./clock.js").Reading} clock
 * @param {Enrolment} enrolment @param {Reader | null} reader @returns {Promise<Outcome>} */
async function syncOf(db, clock, enrolment, reader) {
  const { device } = enrolment;
  const meeting = reader?.meeting ?? null;
  const token = reader ? await readToken(db, device, reader.key) : enrolment.token;
  /** @type {number | null} */
  let skewMs = null;
  /** @type {Set<string>} */
  const unwanted = new Set();
  for (;;) {
    const sent = await queued(db, device, BATCH);
    // A revoked device's details are not taken in; they wait for a file.
    const boxes = enrolment.lost === "revoked" ? [] : await unsentDetails(db, device);
    if (!reader && sent.length === 0 && boxes.length === 0) return { ...SENT, skewMs };
    const named = new Set(sent.map((own) => own.record.body.detail));
    const small = boxes.filter((each) => named.has(each.sha256) && each.box.length <= SMALL_DETAIL_BYTES);
    const riding = Object.fromEntries(small.slice(0, SMALL_DETAILS).map((each) => [each.sha256, each.box]));
    const cursor = (meeting && (await getMeta(db, `cursor/${device}/${meeting}`))) || "0";
    const now = clock();
    const body = {
      clock: { wall: now.at, mono_ms: now.monoMs, boot: now.boot },
      ...(meeting ? { meeting, cursor } : {}),
      records: sent.map((own) => own.record),
      details: riding,
      unsent: (await countQueued(db, device)) - sent.length,
      ...(typeof KIOSK_VERSION === "string" ? { app: KIOSK_VERSION } : {}),
    };
    const isOnlyDetails = sent.length === 0 && !reader;
    const result = isOnlyDetails ? null : await call("/sync", { token, body });
    if (result && !result.ok) return failed(db, device, result);
    /** @type {import("./types.js").SyncAnswer | null} */
    const answer = result && result.data;
    if (answer) {
      const pulled = reader && meeting ? await pulledOf(reader, meeting, cursor, answer) : null;
      await takeAnswer(db, device, sent, answer, pulled);
      await detailsSent(db, Object.keys(riding).filter((each) => !answer.want_details.includes(each)));
      skewMs = Date.parse(answer.server_time) - Date.parse(now.at);
      await setMeta(db, "lastSentAt", new Date().toISOString());
      if (answer.verdicts.some((each) => each.code === "device_revoked")) await revoked(db, device);
      if (reader) await refreshMeetings(db, device, reader.key, token);
      if (reader && meeting) await refreshRoster(db, enrolment, reader, meeting, token, answer.roster_rev);
    }
    const waiting = enrolment.lost === "revoked" ? [] : await unsentDetails(db, device);
    for (const each of waiting.filter(({ sha256 }) => !unwanted.has(sha256))) {
      const fault = await sendDetail(db, enrolment.token, each);
      if (fault && (fault.reason === "network" || FINAL.has(fault.code))) return failed(db, device, fault);
      if (fault) unwanted.add(each.sha256); // it holds up no other; the next round tries again
    }
    const isDone = !answer || (sent.length < BATCH && !answer.more && answer.want.length === 0);
    if (isDone || (sent.length === 0 && !answer.more)) return { ...SENT, skewMs };
  }
}

/** @param {Reader} reader @param {string} meeting @param {string} cursor
 * @param {import("./types.js").SyncAnswer} answer */
async function pulledOf(reader, meeting, cursor, answer) {
  const page = answer.records.length > 0 ? await seal(reader.key, answer.records) : null;
  return { meeting, isAfresh: isAnotherEpoch(cursor, answer.cursor), page };
}

/** @param {Database} db @param {string} device @param {import("./server.js").Failure} fault
 * @returns {Promise<Outcome>} */
async function failed(db, device, fault) {
  const { code, retryAfterS } = fault;
  if (code === "device_revoked") await revoked(db, device);
  const state = fault.reason === "network" ? "offline" : FINAL.has(code) ? "stopped" : "busy";
  return { state, code, skewMs: null, retryAfterS };
}

/** The order to wipe is believed only from TLS or this very machine. @param {Database} db @param {string} device */
async function revoked(db, device) {
  if (isSecureContext) await wipe(db, device, "revoked");
}

/** @param {Database} db @param {string} device @param {CryptoKey} key @returns {Promise<string>} */
export async function readToken(db, device, key) {
  const sealed = await getSealed(db, device, "token");
  return sealed ? unseal(key, sealed) : "";
}

/** @param {Database} db @param {string} device @param {CryptoKey} key @param {string} token */
async function refreshMeetings(db, device, key, token) {
  const result = await call("/meetings", { token });
  if (result.ok) await putSealed(db, device, "meetings", await seal(key, result.data));
}

/** @param {Database} db @param {Enrolment} enrolment @param {Reader} reader @param {string} meeting
 * @param {string} token @param {string} rev */
async function refreshRoster(db, { device, point }, reader, meeting, token, rev) {
  if ((await getMeta(db, `rev/${device}/${meeting}`)) === rev && (await getSealed(db, device, `roster/${meeting}`))) return;
  const result = await call(`/meetings/${meeting}/points/${point}/roster`, { token });
  if (!result.ok) return;
  await putSealed(db, device, `roster/${meeting}`, await seal(reader.key, result.data));
  await setMeta(db, `rev/${device}/${meeting}`, rev);
}

/** Send a large detail from where its last piece arrived. @param {Database} db @param {string} token
 * @param {import("./types.js").Detail} detail @returns {Promise<import("./server.js").Failure | null>} */
async function sendDetail(db, token, { sha256, box }) {
  const path = `/details/${sha256}`;
  const asked = await call(path, { token, method: "HEAD" });
  if (!asked.ok) return asked;
  let isThere = asked.headers.get("Upload-Complete") === "?1";
  for (let at = Number(asked.headers.get("Upload-Offset")); !isThere; ) {
    const piece = box.slice(at, at + PIECE_BYTES);
    const headers = { "Content-Range": `bytes ${at}-${at + piece.length - 1}/${box.length}` };
    const put = await call(path, { token, method: "PUT", piece, headers });
    if (!put.ok) return put;
    at += piece.length;
    isThere = at >= box.length;
  }
  await detailsSent(db, [sha256]);
  return null;
}
