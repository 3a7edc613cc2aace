/**
 * What the kiosk keeps on the device. Nothing is said to be recorded before it is in here.
 *
 * The queue holds codes and sealed details and needs no PIN; what the vault's key encrypts stands
 * in `sealed`, by device and name.
 */

import { openDB } from "idb";

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").Enrolment} Enrolment
 * @typedef {import("./types.js").Detail} Detail
 * @typedef {import("./vault.js").Sealed} Sealed
 * @typedef {import("idb").IDBPDatabase<any>} Database
 * @typedef {{record: (seq: number) => import("./types.js").LedgerRecord, clerk: string,
 *   detail?: {sha256: string, box: string} | null}} Making
 */

const STRICT = /** @type {const} */ ({ durability: "strict" });

/** @param {string} [name] another name for each test */
export function openStore(name = "diemcau-kiosk") {
  return openDB(name, 1, {
    upgrade(db) {
      db.createObjectStore("meta");
      db.createObjectStore("enrolments", { keyPath: "device" });
      const records = db.createObjectStore("records", { keyPath: "id" });
      records.createIndex("number", ["device", "seq"], { unique: true });
      records.createIndex("fate", ["device", "fate"]);
      records.createIndex("meeting", "meeting");
      const details = db.createObjectStore("details", { keyPath: "sha256" });
      details.createIndex("unsent", ["device", "isSent"]);
      db.createObjectStore("sealed");
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

/** @param {Database} db @returns {Promise<Enrolment[]>} */
export function enrolments(db) {
  return db.getAll("enrolments");
}

/** Everything of an enrolment, at once. @param {Database} db @param {Enrolment} enrolment
 * @param {Record<string, Sealed>} sealed */
export async function putEnrolment(db, enrolment, sealed = {}) {
  const tx = db.transaction(["enrolments", "sealed"], "readwrite", STRICT);
  await tx.objectStore("enrolments").put(enrolment);
  for (const [name, value] of Object.entries(sealed)) {
    await tx.objectStore("sealed").put(value, [enrolment.device, name]);
  }
  await tx.done;
}

/** @param {Database} db @param {string} device @param {string} name @returns {Promise<Sealed | undefined>} */
export function getSealed(db, device, name) {
  return db.get("sealed", [device, name]);
}

/** @param {Database} db @param {string} device @param {string} name @param {Sealed} value */
export async function putSealed(db, device, name, value) {
  await db.put("sealed", value, [device, name]);
}

/** The names under which a device has sealed things that begin so. @param {Database} db
 * @param {string} device @param {string} start @returns {Promise<string[]>} */
export async function sealedNames(db, device, start) {
  const keys = await db.getAllKeys("sealed", IDBKeyRange.bound([device, start], [device, `${start}\uffff`]));
  return /** @type {[string, string][]} */ (keys).map(([, name]) => name);
}

/** Count a try at a PIN before it is judged, so that cutting the power does not save it.
 * @param {Database} db @param {string} device @returns {Promise<number>} tries since the last right one */
export async function countTry(db, device) {
  const tx = db.transaction("meta", "readwrite", STRICT);
  const tries = ((await tx.store.get(`tries/${device}`)) ?? 0) + 1;
  await tx.store.put(tries, `tries/${device}`);
  await tx.done;
  return tries;
}

/** @param {Database} db @param {string} device */
export async function forgiveTries(db, device) {
  await db.delete("meta", `tries/${device}`);
}

/** Wipe what is personal, the key with it; the queue stays and can still be sent.
 * @param {Database} db @param {string} device @param {NonNullable<Enrolment["lost"]>} lost */
export async function wipe(db, device, lost) {
  const tx = db.transaction(["enrolments", "sealed", "meta"], "readwrite", STRICT);
  const own = await tx.objectStore("enrolments").get(device);
  if (own) await tx.objectStore("enrolments").put({ ...own, vault: null, lost });
  await tx.objectStore("sealed").delete(IDBKeyRange.bound([device], [device, []]));
  await tx.objectStore("meta").delete(IDBKeyRange.bound(`cursor/${device}/`, `cursor/${device}/\uffff`));
  await tx.done;
}

/**
 * Give a record its number and store it, with its detail, in one durable transaction: numbers have
 * no gaps, and what has one survives the power being cut the moment this resolves.
 * @param {Database} db @param {string} device @param {Making} making @returns {Promise<OwnRecord>}
 */
export async function addRecord(db, device, { record: make, clerk, detail }) {
  const tx = db.transaction(["meta", "records", "details"], "readwrite", STRICT);
  const seq = ((await tx.objectStore("meta").get(`seq/${device}`)) ?? 0) + 1;
  const record = make(seq);
  const { id, meeting } = record;
  /** @type {OwnRecord} */
  const own = { id, device, seq, meeting, clerk, record, fate: "queued", flags: [], code: null, atCorrected: null };
  tx.objectStore("meta").put(seq, `seq/${device}`);
  tx.objectStore("records").add(own);
  if (detail) tx.objectStore("details").put({ ...detail, device, isSent: 0 });
  await tx.done;
  return own;
}

/** The oldest records that nobody has answered for. @param {Database} db @param {string} device
 * @param {number} limit @returns {Promise<OwnRecord[]>} */
export async function queued(db, device, limit) {
  /** @type {OwnRecord[]} */
  const all = await db.getAllFromIndex("records", "fate", [device, "queued"]);
  return all.sort((a, b) => a.seq - b.seq).slice(0, limit);
}

/** @param {Database} db @param {string} device @returns {Promise<number>} */
export function countQueued(db, device) {
  return db.countFromIndex("records", "fate", [device, "queued"]);
}

/** @param {Database} db @param {string} meeting @returns {Promise<OwnRecord[]>} */
export function ownRecords(db, meeting) {
  return db.getAllFromIndex("records", "meeting", meeting);
}

/** @param {Database} db @returns {Promise<OwnRecord[]>} */
export function allRecords(db) {
  return db.getAll("records");
}

/** Details that the server is not known to have in full. @param {Database} db @param {string} device
 * @returns {Promise<Detail[]>} */
export function unsentDetails(db, device) {
  return db.getAllFromIndex("details", "unsent", [device, 0]);
}

/** A detail has arrived and need not stay. @param {Database} db @param {string[]} hashes */
export async function detailsSent(db, hashes) {
  const tx = db.transaction("details", "readwrite");
  for (const sha256 of hashes) await tx.store.delete(sha256);
  await tx.done;
}

/** How many records stand at each fate, and how many details wait. @param {Database} db */
export async function countFates(db) {
  const counts = { unsent: 0, refused: 0, held: 0, details: 0 };
  for (const device of /** @type {string[]} */ (await db.getAllKeys("enrolments"))) {
    const [unsent, refused, held, details] = await Promise.all([
      ...["queued", "refused", "held"].map((fate) => db.countFromIndex("records", "fate", [device, fate])),
      db.countFromIndex("details", "unsent", [device, 0]),
    ]);
    counts.unsent += unsent;
    counts.refused += refused;
    counts.held += held;
    counts.details += details;
  }
  return counts;
}

/**
 * Take in one answer of the server whole: verdicts on what was sent, what is new in the stream
 * (encrypted), where to read on, and what must be sent again.
 * @param {Database} db @param {string} device
 * @param {OwnRecord[]} sent in the order in which they were sent
 * @param {import("./types.js").SyncAnswer} answer
 * @param {{meeting: string, isAfresh: boolean, page: Sealed | null} | null} pulled
 */
export async function takeAnswer(db, device, sent, answer, pulled) {
  const tx = db.transaction(["meta", "records", "sealed"], "readwrite", STRICT);
  const records = tx.objectStore("records");
  for (const [place, own] of sent.entries()) {
    const verdict = answer.verdicts[place];
    if (!verdict) continue;
    const { fate, flags, code, at_corrected: atCorrected } = verdict;
    records.put({ ...own, fate, flags, code, atCorrected });
  }
  for (const [first, last] of answer.want) {
    const range = IDBKeyRange.bound([device, first], [device, last]);
    for (const own of await records.index("number").getAll(range)) {
      if (own.fate !== "refused") records.put({ ...own, fate: "queued" });
    }
  }
  for (const ruling of answer.records.filter((each) => each.kind === "ruling")) {
    const own = await records.get(ruling.refs?.[0] ?? "");
    if (own && (own.fate === "refused" || own.fate === "held")) records.put({ ...own, fate: "queued" }); // to hear what it is now
  }
  if (pulled) {
    const { meeting, isAfresh, page } = pulled;
    const start = `stream/${meeting}/`;
    const range = IDBKeyRange.bound([device, start], [device, `${start}\uffff`]);
    if (isAfresh) tx.objectStore("sealed").delete(range);
    if (page) tx.objectStore("sealed").put(page, [device, start + answer.cursor]);
    tx.objectStore("meta").put(answer.cursor, `cursor/${device}/${meeting}`);
  }
  await tx.done;
}

/** A cursor of another epoch comes from another state of the server, which lists everything anew.
 * @param {string} before @param {string} after */
export function isAnotherEpoch(before, after) {
  return before !== "0" && before.split(":")[0] !== after.split(":")[0];
}

/** Take in what headquarters tells of records that came to it as a file. @param {Database} db
 * @param {Map<string, import("./types.js").Verdict>} verdicts by id @returns {Promise<number>} how many it told of */
export async function takeVerdicts(db, verdicts) {
  const tx = db.transaction("records", "readwrite", STRICT);
  let told = 0;
  for (const [id, { fate, flags, code, at_corrected: atCorrected }] of verdicts) {
    const own = await tx.store.get(id);
    if (own?.fate !== "queued") continue; // an old receipt knows less than what was told since
    await tx.store.put({ ...own, fate, flags, code, atCorrected });
    told += 1;
  }
  await tx.done;
  return told;
}

const ARCHIVE_MS = 30 * 86_400_000;

/** Drop what headquarters has had for thirty days, of meetings that were signed off here and that
 * have nothing waiting. @param {Database} db @param {number} nowMs */
export async function dropOld(db, nowMs) {
  const tx = db.transaction("records", "readwrite");
  /** @type {OwnRecord[]} */
  const all = await tx.store.getAll();
  const isDone = (/** @type {OwnRecord} */ own) => ["stored", "released", "dismissed"].includes(own.fate);
  const waiting = new Set(all.filter((own) => !isDone(own)).map((own) => own.meeting));
  const closed = new Set(all.filter((own) => own.record.kind === "closing").map((own) => own.meeting));
  for (const own of all) {
    const isOld = nowMs - Date.parse(own.record.at) > ARCHIVE_MS;
    if (isOld && closed.has(own.meeting) && !waiting.has(own.meeting)) tx.store.delete(own.id);
  }
  await tx.done;
}
