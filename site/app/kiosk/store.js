/** What the kiosk keeps on the device. Nothing is said to be recorded before it is in here. */

import { openDB } from "idb";

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").Verdict} Verdict
 * @typedef {import("./types.js").StreamRecord} StreamRecord
 * @typedef {import("idb").IDBPDatabase<any>} Database
 */

const STRICT = /** @type {const} */ ({ durability: "strict" });

/** @param {string} [name] another name for each test */
export function openStore(name = "diemcau-kiosk") {
  return openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore("meta");
      const records = db.createObjectStore("records", { keyPath: "id" });
      records.createIndex("seq", "seq", { unique: true });
      records.createIndex("fate", "fate");
      records.createIndex("meeting", "meeting");
      db.createObjectStore("stream", { keyPath: ["meeting", "id"] });
      db.createObjectStore("rosters", { keyPath: "meeting" });
    },
  });
}

/** @param {Database} db @param {string} key */
export function getMeta(db, key) {
  return db.get("meta", key);
}

/** @param {Database} db @param {string} key @param {unknown} value */
export async function setMeta(db, key, value) {
  await db.put("meta", value, key);
}

/**
 * Give a record its number and store it, in one durable transaction: numbers have no gaps, and a
 * record that has one survives the power being cut the moment this resolves.
 * @param {Database} db
 * @param {(seq: number) => import("./types.js").LedgerRecord} make
 * @returns {Promise<OwnRecord>}
 */
export async function addRecord(db, make) {
  const tx = db.transaction(["meta", "records"], "readwrite", STRICT);
  const seq = ((await tx.objectStore("meta").get("seq")) ?? 0) + 1;
  const record = make(seq);
  /** @type {OwnRecord} */
  const own = {
    id: record.id,
    seq,
    meeting: record.meeting,
    record,
    fate: "queued",
    flags: [],
    code: null,
    atCorrected: null,
  };
  await tx.objectStore("meta").put(seq, "seq");
  await tx.objectStore("records").add(own);
  await tx.done;
  return own;
}

/** The oldest records that no server has answered for. @param {Database} db @param {number} limit
 * @returns {Promise<OwnRecord[]>} */
export async function queued(db, limit) {
  const all = await db.getAllFromIndex("records", "fate", "queued");
  return all.sort((a, b) => a.seq - b.seq).slice(0, limit);
}

/** @param {Database} db @param {string} meeting @returns {Promise<OwnRecord[]>} */
export function ownRecords(db, meeting) {
  return db.getAllFromIndex("records", "meeting", meeting);
}

/** @param {Database} db @param {string} meeting @returns {Promise<StreamRecord[]>} */
export async function streamRecords(db, meeting) {
  const range = IDBKeyRange.bound([meeting, ""], [meeting, "\uffff"]);
  return (await db.getAll("stream", range)).map((each) => each.record);
}

/** How many records stand at each fate. @param {Database} db */
export async function countFates(db) {
  const [unsent, refused, held] = await Promise.all(
    ["queued", "refused", "held"].map((fate) => db.countFromIndex("records", "fate", fate)),
  );
  return { unsent, refused, held };
}

/**
 * Take in one answer of the server whole: verdicts on what was sent, what is new in the stream,
 * where to read on, and what must be sent again.
 * @param {Database} db
 * @param {OwnRecord[]} sent in the order in which they were sent
 * @param {string | null} meeting
 * @param {import("./types.js").SyncAnswer} answer
 */
export async function takeAnswer(db, sent, meeting, answer) {
  const tx = db.transaction(["meta", "records", "stream"], "readwrite", STRICT);
  const records = tx.objectStore("records");
  for (const [place, own] of sent.entries()) {
    const verdict = answer.verdicts[place];
    if (!verdict) continue;
    const { fate, flags, code, at_corrected: atCorrected } = verdict;
    await records.put({ ...own, fate, flags, code, atCorrected });
  }
  for (const [first, last] of answer.want) {
    for (const own of await records.index("seq").getAll(IDBKeyRange.bound(first, last))) {
      if (own.fate !== "refused") await records.put({ ...own, fate: "queued" });
    }
  }
  if (meeting) {
    const before = await tx.objectStore("meta").get(`cursor:${meeting}`);
    if (before && epochOf(before) !== epochOf(answer.cursor)) {
      await tx.objectStore("stream").delete(IDBKeyRange.bound([meeting, ""], [meeting, "\uffff"]));
    }
    for (const record of answer.records) {
      await tx.objectStore("stream").put({ meeting, id: record.id, record });
    }
    await tx.objectStore("meta").put(answer.cursor, `cursor:${meeting}`);
  }
  await tx.done;
}

/** A cursor of another epoch comes from another state of the server, which lists everything anew. */
function epochOf(/** @type {string} */ cursor) {
  return cursor.split(":")[0];
}
