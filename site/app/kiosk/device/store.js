/**
 * Stores the kiosk's data on the device, in IndexedDB. The kiosk shows nothing as recorded before
 * it is stored here.
 *
 * The queue contains codes and encrypted details, and needs no PIN. The object store `sealed`
 * contains values that the vault's key encrypts, by device and name.
 */

import { Database as OpenDatabase } from "../../database.js";

/**
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 * @typedef {import("../types.js").Enrolment} Enrolment
 * @typedef {import("../types.js").Detail} Detail
 * @typedef {import("./vault.js").Sealed} Sealed
 * @typedef {import("../../database.js").Database} Database
 * @typedef {{record: (seq: number) => import("../types.js").LedgerRecord, clerk: string,
 *   detail?: {sha256: string, box: string} | null, skewMs?: number}} NewRecord
 */

const STRICT = /** @type {const} */ ({ durability: "strict" });

/** Return the kiosk's database, which opens when it is first used.
 * @param {string} [name] tests use other names @returns {Database} */
export function openStore(name = "diemcau-kiosk") {
  return new OpenDatabase(name, (handle) => {
    handle.createObjectStore("meta");
    handle.createObjectStore("enrolments", { keyPath: "device" });
    const records = handle.createObjectStore("records", { keyPath: "id" });
    records.createIndex("number", ["device", "seq"], { unique: true });
    records.createIndex("fate", ["device", "fate"]);
    records.createIndex("meeting", "meeting");
    const details = handle.createObjectStore("details", { keyPath: "sha256" });
    details.createIndex("unsent", ["device", "isSent"]);
    handle.createObjectStore("sealed");
  });
}

/** Return the value of a key in the object store `meta`; undefined if there is none.
 * @param {Database} db @param {string} key */
export function getMeta(db, key) {
  return db.run((handle) => handle.get("meta", key));
}

/** Store a value under a key in the object store `meta`.
 * @param {Database} db @param {string} key @param {unknown} value */
export function setMeta(db, key, value) {
  return db.run(async (handle) => {
    await handle.put("meta", value, key);
  });
}

/** Return all enrolments of this browser, in order of device code.
 * @param {Database} db @returns {Promise<Enrolment[]>} */
export function listEnrolments(db) {
  return db.run((handle) => handle.getAll("enrolments"));
}

/** Store an enrolment in place of the stored one of the same device, in a durable transaction.
 * @param {Database} db @param {Enrolment} enrolment */
export function putEnrolment(db, enrolment) {
  return db.run(async (handle) => {
    const tx = handle.transaction("enrolments", "readwrite", STRICT);
    await tx.store.put(enrolment);
    await tx.done;
  });
}

/** Store a new enrolment and its encrypted values in one transaction. If the server has given back
 * the id of an enrolment that it had forgotten, the values of the old vault are deleted; the records
 * stay.
 * @param {Database} db @param {Enrolment} enrolment
 * @param {Record<string, Sealed>} sealed */
export function putNewEnrolment(db, enrolment, sealed) {
  const { device } = enrolment;
  return db.run(async (handle) => {
    const tx = handle.transaction(["enrolments", "sealed", "meta"], "readwrite", STRICT);
    deleteVaultValues(tx, device);
    tx.objectStore("meta").delete(`forgotten/${device}`);
    await tx.objectStore("enrolments").put(enrolment);
    for (const [name, value] of Object.entries(sealed)) await tx.objectStore("sealed").put(value, [device, name]);
    await tx.done;
  });
}

/** Store headquarters' new public keys with an enrolment.
 * @param {Database} db @param {string} device
 * @param {Pick<Enrolment, "seal_key" | "sign_key" | "keys_rev">} keys */
export function putKeys(db, device, keys) {
  return db.run(async (handle) => {
    const tx = handle.transaction("enrolments", "readwrite", STRICT);
    const enrolment = await tx.store.get(device);
    if (enrolment) await tx.store.put({ ...enrolment, ...keys });
    await tx.done;
  });
}

/** Note that the server does not recognise a device's token any more.
 * @param {Database} db @param {string} device */
export function markForgotten(db, device) {
  return setMeta(db, `forgotten/${device}`, true);
}

/** Return the enrolments that the server does not recognise any more.
 * @param {Database} db @returns {Promise<Enrolment[]>} */
export async function listForgotten(db) {
  const enrolments = await listEnrolments(db);
  const marks = await Promise.all(enrolments.map(({ device }) => getMeta(db, `forgotten/${device}`)));
  return enrolments.filter((_, index) => marks[index]);
}

/** Return a device's encrypted value of this name; undefined if there is none.
 * @param {Database} db @param {string} device @param {string} name @returns {Promise<Sealed | undefined>} */
export function getSealed(db, device, name) {
  return db.run((handle) => handle.get("sealed", [device, name]));
}

/** Store a device's encrypted value under a name, in place of an earlier one.
 * @param {Database} db @param {string} device @param {string} name @param {Sealed} value */
export function putSealed(db, device, name, value) {
  return db.run(async (handle) => {
    await handle.put("sealed", value, [device, name]);
  });
}

/** Return the sorted names of a device's encrypted values that begin with `start`.
 * @param {Database} db
 * @param {string} device @param {string} start @returns {Promise<string[]>} */
export function listSealedNames(db, device, start) {
  return db.run(async (handle) => {
    const keys = await handle.getAllKeys("sealed", IDBKeyRange.bound([device, start], [device, `${start}\uffff`]));
    return /** @type {[string, string][]} */ (keys).map(([, name]) => name);
  });
}

/** Count a PIN try before the PIN is checked, so that cutting the power does not undo the count.
 * @param {Database} db @param {string} device
 * @returns {Promise<number>} tries since the last right PIN */
export function countPinTry(db, device) {
  return db.run(async (handle) => {
    const tx = handle.transaction("meta", "readwrite", STRICT);
    const tries = ((await tx.store.get(`tries/${device}`)) ?? 0) + 1;
    await tx.store.put(tries, `tries/${device}`);
    await tx.done;
    return tries;
  });
}

/** Reset the count of PIN tries, after a right PIN. @param {Database} db @param {string} device */
export function resetPinTries(db, device) {
  return db.run(async (handle) => {
    await handle.delete("meta", `tries/${device}`);
  });
}

/** Delete a device's personal data and the wrapped key. The queued records stay and can still be
 * sent. `lost` is the reason for the wipe.
 * @param {Database} db @param {string} device @param {NonNullable<Enrolment["lost"]>} lost */
export function wipeVault(db, device, lost) {
  return db.run(async (handle) => {
    const tx = handle.transaction(["enrolments", "sealed", "meta"], "readwrite", STRICT);
    const enrolment = await tx.objectStore("enrolments").get(device);
    if (enrolment) await tx.objectStore("enrolments").put({ ...enrolment, vault: null, lost });
    deleteVaultValues(tx, device);
    await tx.done;
  });
}

/** Delete a device's encrypted values, and the cursors that tell how far its streams were fetched.
 * @param {any} tx a transaction over `sealed` and `meta` @param {string} device */
function deleteVaultValues(tx, device) {
  tx.objectStore("sealed").delete(IDBKeyRange.bound([device], [device, []]));
  tx.objectStore("meta").delete(IDBKeyRange.bound(`cursor/${device}/`, `cursor/${device}/\uffff`));
}

/**
 * Give a record the device's next sequence number, and store the record and its detail in one
 * durable transaction. Numbers have no gaps, and a record survives a power cut once the promise
 * resolves.
 * @param {Database} db @param {string} device @param {NewRecord} newRecord @returns {Promise<DeviceRecord>}
 */
export function addRecord(db, device, { record: makeRecord, clerk, detail, skewMs = 0 }) {
  return db.run(async (handle) => {
    const tx = handle.transaction(["meta", "records", "details"], "readwrite", STRICT);
    const seq = ((await tx.objectStore("meta").get(`seq/${device}`)) ?? 0) + 1;
    const record = makeRecord(seq);
    const { id, meeting } = record;
    /** @type {DeviceRecord} */
    const deviceRecord = { id, device, seq, meeting, clerk, record, fate: "queued", code: null, atCorrected: null, skewMs };
    tx.objectStore("meta").put(seq, `seq/${device}`);
    tx.objectStore("records").add(deviceRecord);
    if (detail) tx.objectStore("details").put({ ...detail, device, isSent: 0 });
    await tx.done;
    return deviceRecord;
  });
}

/** Return a device's oldest queued records, at most `limit`, in order of `seq`.
 * @param {Database} db @param {string} device
 * @param {number} limit @returns {Promise<DeviceRecord[]>} */
export function listQueuedRecords(db, device, limit) {
  return db.run(async (handle) => {
    /** @type {DeviceRecord[]} */
    const queuedRecords = await handle.getAllFromIndex("records", "fate", [device, "queued"]);
    return queuedRecords.sort((a, b) => a.seq - b.seq).slice(0, limit);
  });
}

/** Return the number of a device's records that are queued.
 * @param {Database} db @param {string} device @returns {Promise<number>} */
export function countQueued(db, device) {
  return db.run((handle) => handle.countFromIndex("records", "fate", [device, "queued"]));
}

/** Return the records of a meeting that were made on this device.
 * @param {Database} db @param {string} meeting @returns {Promise<DeviceRecord[]>} */
export function listMeetingRecords(db, meeting) {
  return db.run((handle) => handle.getAllFromIndex("records", "meeting", meeting));
}

/** Return all records that were made on this device.
 * @param {Database} db @returns {Promise<DeviceRecord[]>} */
export function listAllRecords(db) {
  return db.run((handle) => handle.getAll("records"));
}

/** Return a device's details that the server has not confirmed in full.
 * @param {Database} db @param {string} device
 * @returns {Promise<Detail[]>} */
export function listUnsentDetails(db, device) {
  return db.run((handle) => handle.getAllFromIndex("details", "unsent", [device, 0]));
}

/** Mark details that the server or headquarters has confirmed, by their sha256. They stay, encrypted
 * for headquarters, as long as their records, in case the server must be restored from a backup.
 * @param {Database} db @param {string[]} hashes */
export function markDetailsSent(db, hashes) {
  return db.run(async (handle) => {
    const tx = handle.transaction("details", "readwrite");
    for (const sha256 of hashes) await markDetail(tx.store, sha256, 1);
    await tx.done;
  });
}

/** @param {any} details the object store @param {string} sha256 @param {0 | 1} isSent */
async function markDetail(details, sha256, isSent) {
  const detail = await details.get(sha256);
  if (detail) await details.put({ ...detail, isSent });
}

/** Queue again the records with numbers in these ranges, because the server lacks them.
 * @param {any} records the object store @param {string} device @param {[number, number][]} ranges */
async function queueAgain(records, device, ranges) {
  for (const [first, last] of ranges) {
    const range = IDBKeyRange.bound([device, first], [device, last]);
    for (const deviceRecord of await records.index("number").getAll(range)) {
      if (deviceRecord.fate !== "refused") records.put({ ...deviceRecord, fate: "queued" });
    }
  }
}

/** Return the highest record number of a device, or 0. @param {Database} db @param {string} device */
export async function highestNumber(db, device) {
  return (await getMeta(db, `seq/${device}`)) ?? 0;
}

/** Return the numbers of unsent, refused and held records, and of unsent details, over all
 * enrolments.
 * @param {Database} db */
export function countFates(db) {
  return db.run(async (handle) => {
    const counts = { unsent: 0, refused: 0, held: 0, details: 0 };
    for (const device of /** @type {string[]} */ (await handle.getAllKeys("enrolments"))) {
      const [unsent, refused, held, details] = await Promise.all([
        ...["queued", "refused", "held"].map((fate) => handle.countFromIndex("records", "fate", [device, fate])),
        handle.countFromIndex("details", "unsent", [device, 0]),
      ]);
      counts.unsent += unsent;
      counts.refused += refused;
      counts.held += held;
      counts.details += details;
    }
    return counts;
  });
}

/**
 * Store an answer of the server in one transaction: the verdicts on the sent records, the new
 * records of the stream (encrypted), and the cursor for the next round. Queue again the records
 * that the server lacks, and held or refused records on which headquarters has ruled. `fetched` is
 * null if no stream was fetched.
 * @param {Database} db @param {string} device
 * @param {DeviceRecord[]} sentRecords in the order in which they were sent
 * @param {import("../types.js").SyncAnswer} answer
 * @param {{meeting: string, replacesStream: boolean, page: Sealed | null} | null} fetched
 */
export function storeAnswer(db, device, sentRecords, answer, fetched) {
  return db.run(async (handle) => {
    const tx = handle.transaction(["meta", "records", "details", "sealed"], "readwrite", STRICT);
    const records = tx.objectStore("records");
    for (const [index, deviceRecord] of sentRecords.entries()) {
      const verdict = answer.verdicts[index];
      if (!verdict) continue;
      const { fate, code, at_corrected: atCorrected } = verdict;
      records.put({ ...deviceRecord, fate, code, atCorrected });
    }
    await queueAgain(records, device, answer.want);
    for (const sha256 of answer.want_details) await markDetail(tx.objectStore("details"), sha256, 0);
    for (const ruling of answer.records.filter((record) => record.kind === "ruling")) {
      const deviceRecord = await records.get(ruling.refs?.[0] ?? "");
      // Send the record again, to learn its new fate.
      if (deviceRecord && (deviceRecord.fate === "refused" || deviceRecord.fate === "held")) records.put({ ...deviceRecord, fate: "queued" });
    }
    if (fetched) {
      const { meeting, replacesStream, page } = fetched;
      const start = `stream/${meeting}/`;
      const range = IDBKeyRange.bound([device, start], [device, `${start}\uffff`]);
      if (replacesStream) tx.objectStore("sealed").delete(range);
      if (page) tx.objectStore("sealed").put(page, [device, start + answer.cursor]);
      tx.objectStore("meta").put(answer.cursor, `cursor/${device}/${meeting}`);
    }
    await tx.done;
  });
}

/** Return whether two cursors (`epoch:position`) differ in epoch, as after the server was restored
 * from a backup. The server then sends the whole stream again. Return false if `before` is `0`,
 * the cursor of the first round.
 * @param {string} before @param {string} after */
export function isAnotherEpoch(before, after) {
  return before !== "0" && before.split(":")[0] !== after.split(":")[0];
}

/** Store headquarters' verdicts on records that reached headquarters as a file, and queue again the
 * records that it lacks. Other records that are no longer queued do not change.
 * @param {Database} db @param {string} device @param {[number, number][]} want ranges of numbers
 * @param {Map<string, import("../types.js").Verdict>} verdicts by id
 * @returns {Promise<number>} the number of records that left the queue */
export function storeVerdicts(db, device, want, verdicts) {
  return db.run(async (handle) => {
    const tx = handle.transaction("records", "readwrite", STRICT);
    let settledCount = 0;
    for (const [id, { fate, code, at_corrected: atCorrected }] of verdicts) {
      const deviceRecord = await tx.store.get(id);
      if (deviceRecord?.fate !== "queued") continue; // a later answer of the server outranks this receipt
      await tx.store.put({ ...deviceRecord, fate, code, atCorrected });
      settledCount += 1;
    }
    await queueAgain(tx.store, device, want);
    await tx.done;
    return settledCount;
  });
}

const ARCHIVE_MS = 30 * 86_400_000;

/** Delete records over 30 days old, with their details, of meetings that were signed off on this device. Meetings with
 * a record that is queued, held or refused are left unchanged.
 * @param {Database} db @param {number} nowMs */
export function dropOldRecords(db, nowMs) {
  return db.run(async (handle) => {
    const tx = handle.transaction(["records", "details"], "readwrite");
    const records = tx.objectStore("records");
    /** @type {DeviceRecord[]} */
    const deviceRecords = await records.getAll();
    const isDone = (/** @type {DeviceRecord} */ deviceRecord) => ["stored", "released", "dismissed"].includes(deviceRecord.fate);
    const waiting = new Set(deviceRecords.filter((deviceRecord) => !isDone(deviceRecord)).map((deviceRecord) => deviceRecord.meeting));
    const closed = new Set(deviceRecords.filter((deviceRecord) => deviceRecord.record.kind === "closing").map((deviceRecord) => deviceRecord.meeting));
    for (const deviceRecord of deviceRecords) {
      const isOld = nowMs - Date.parse(deviceRecord.record.at) > ARCHIVE_MS;
      if (!isOld || !closed.has(deviceRecord.meeting) || waiting.has(deviceRecord.meeting)) continue;
      records.delete(deviceRecord.id);
      tx.objectStore("details").delete(deviceRecord.record.body.detail ?? "");
    }
    await tx.done;
  });
}
