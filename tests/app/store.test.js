import assert from "node:assert/strict";
import { test } from "node:test";

import "fake-indexeddb/auto";

import { prepareRecord, uuid7 } from "../../site/app/kiosk/sync/new-record.js";
import {
  addRecord,
  countFates,
  countPinTry,
  dropOldRecords,
  resetPinTries,
  isAnotherEpoch,
  markDetailsSent,
  openStore,
  listMeetingRecords,
  putEnrolment,
  putSealed,
  listQueuedRecords,
  listSealedNames,
  storeAnswer,
  storeVerdicts,
  listUnsentDetails,
  wipeVault,
} from "../../site/app/kiosk/device/store.js";

const DEVICE = "D-ONE";
const enrolment = { device: DEVICE, point: "P001", profile: "clerk", person: null };
const now = { boot: "b1", at: "2024-08-22T00:55:03.120Z", monoMs: 81234 };
const draft = { kind: "check_in", person: "M1", source: "search", body: { mode: "in_person" } };
let stores = 0;

async function open() {
  stores += 1;
  const db = openStore(`test-${stores}`);
  await putEnrolment(db, { ...enrolment, vault: { clerks: [] }, lost: null });
  return db;
}

function add(db, more = {}) {
  return addRecord(db, DEVICE, { record: prepareRecord(enrolment, "m-1", now, draft), clerk: "An", ...more });
}

function answer(changes = {}) {
  return { verdicts: [], records: [], cursor: "e1:1", more: false, want: [], want_details: [], ...changes };
}

function verdict(fate) {
  return { status: fate, fate, code: fate === "refused" ? "x" : null, at_corrected: null };
}

test("a record has the form that the server expects", async () => {
  const { record } = await add(await open());

  assert.match(record.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(
    { ...record, id: "" },
    {
      id: "", v: 1, kind: "check_in", meeting: "m-1", point: "P001", device: DEVICE, seq: 1,
      boot: "b1", at: now.at, mono_ms: 81234, by: "clerk", source: "search", person: "M1",
      body: { mode: "in_person" },
    },
  );
});

test("a chair's records name their person", () => {
  const chair = { ...enrolment, profile: "chair", person: "M7" };

  assert.equal(prepareRecord(chair, "m-1", now, draft)(1).by, "M7");
});

test("ids sort by time", () => {
  const ids = [1, 2 ** 33, 2 ** 40].map(uuid7);

  assert.deepEqual([...ids].sort(), ids);
});

test("numbers have no gaps, even when records are added at once", async () => {
  const db = await open();
  const added = await Promise.all(Array.from({ length: 20 }, () => add(db)));

  assert.deepEqual(added.map((entry) => entry.seq).sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n + 1));
});

test("every enrolment on a device numbers its records from 1", async () => {
  const db = await open();
  await add(db);
  const other = { ...enrolment, device: "D-TWO" };
  const entry = await addRecord(db, "D-TWO", { record: prepareRecord(other, "m-1", now, draft), clerk: "Bình" });

  assert.equal(entry.seq, 1);
});

test("a queue survives being closed and opened again", async () => {
  const db = await open();
  await add(db);
  await db.run(async (handle) => handle.close());
  const again = openStore(`test-${stores}`);

  assert.equal((await listQueuedRecords(again, DEVICE, 10)).length, 1);
  assert.equal((await add(again)).seq, 2);
});

test("a detail is stored with its record, and goes when it has arrived", async () => {
  const db = await open();
  await add(db, { detail: { sha256: "ab", box: "jwe" } });

  assert.deepEqual((await listUnsentDetails(db, DEVICE)).map((detail) => detail.box), ["jwe"]);
  await markDetailsSent(db, ["ab"]);
  assert.equal((await countFates(db)).details, 0);

  const restored = { ...answer({}), want_details: ["ab", "unknown"] }; // a server that lost it asks again
  await storeAnswer(db, DEVICE, [], restored, null);
  assert.deepEqual((await listUnsentDetails(db, DEVICE)).map((detail) => detail.box), ["jwe"]);
});

test("verdicts give every record its fate", async () => {
  const db = await open();
  const sent = [await add(db), await add(db), await add(db)];
  await storeAnswer(db, DEVICE, sent, answer({ verdicts: ["stored", "refused", "held"].map(verdict) }), null);

  assert.deepEqual(await countFates(db), { unsent: 0, refused: 1, held: 1, details: 0 });
  assert.equal((await listMeetingRecords(db, "m-1")).length, 3);
});

test("a record missing on the server is queued again, a refused one is not", async () => {
  const db = await open();
  const sent = [await add(db), await add(db), await add(db)];
  await storeAnswer(db, DEVICE, sent, answer({ verdicts: ["stored", "stored", "refused"].map(verdict) }), null);
  await storeAnswer(db, DEVICE, [], answer({ want: [[2, 3]] }), null);

  assert.deepEqual((await listQueuedRecords(db, DEVICE, 10)).map((entry) => entry.seq), [2]);
});

test("a receipt clears the records that headquarters has", async () => {
  const db = await open();
  const entry = await add(db);

  const verdicts = new Map([[entry.id, verdict("stored")], ["unknown", verdict("stored")]]);
  assert.equal(await storeVerdicts(db, DEVICE, [], verdicts), 1);
  assert.equal((await countFates(db)).unsent, 0);
  assert.equal(await storeVerdicts(db, DEVICE, [[1, 1]], new Map()), 0); // headquarters lacks it again
  assert.equal((await countFates(db)).unsent, 1);
});

test("a new server epoch replaces the stream, and streams are stored by meeting", async () => {
  const db = await open();
  const page = { iv: new Uint8Array(12), box: new ArrayBuffer(1) };
  await storeAnswer(db, DEVICE, [], answer({ cursor: "e1:1" }), { meeting: "m-1", replacesStream: false, page });
  await storeAnswer(db, DEVICE, [], answer({ cursor: "e1:2" }), { meeting: "m-2", replacesStream: false, page });
  assert.equal(isAnotherEpoch("e1:1", "e2:1"), true);
  assert.equal(isAnotherEpoch("0", "e2:1"), false);
  await storeAnswer(db, DEVICE, [], answer({ cursor: "e2:1" }), { meeting: "m-1", replacesStream: true, page });

  assert.deepEqual(await listSealedNames(db, DEVICE, "stream/m-1/"), ["stream/m-1/e2:1"]);
  assert.deepEqual(await listSealedNames(db, DEVICE, "stream/m-2/"), ["stream/m-2/e1:2"]);
});

test("wiping takes the roster and never the queue", async () => {
  const db = await open();
  await add(db);
  await putSealed(db, DEVICE, "roster/m-1", {});
  await putSealed(db, "D-TWO", "roster/m-1", {});
  await wipeVault(db, DEVICE, "wrong_pins");

  assert.deepEqual(await listSealedNames(db, DEVICE, ""), []);
  assert.deepEqual(await listSealedNames(db, "D-TWO", ""), ["roster/m-1"]);
  assert.equal((await listQueuedRecords(db, DEVICE, 10)).length, 1);
  assert.equal((await db.run((handle) => handle.get("enrolments", DEVICE))).lost, "wrong_pins");
});

test("tries at a PIN are counted until one is right", async () => {
  const db = await open();
  assert.equal(await countPinTry(db, DEVICE), 1);
  assert.equal(await countPinTry(db, DEVICE), 2);
  await resetPinTries(db, DEVICE);

  assert.equal(await countPinTry(db, DEVICE), 1);
});

test("records that are old, signed off and at headquarters are dropped, and no others", async () => {
  const db = await open();
  const checkIn = await add(db);
  const closing = await addRecord(db, DEVICE, { record: prepareRecord(enrolment, "m-1", now, { ...draft, kind: "closing" }), clerk: "An" });
  const later = Date.parse(now.at) + 31 * 86_400_000;
  await dropOldRecords(db, later);
  assert.equal((await listMeetingRecords(db, "m-1")).length, 2);
  await storeAnswer(db, DEVICE, [checkIn, closing], answer({ verdicts: ["stored", "stored"].map(verdict) }), null);
  await dropOldRecords(db, Date.parse(now.at) + 86_400_000);
  assert.equal((await listMeetingRecords(db, "m-1")).length, 2);
  await dropOldRecords(db, later);

  assert.equal((await listMeetingRecords(db, "m-1")).length, 0);
});

test("a handle that the browser closed is opened again, and the work done once more", async () => {
  const db = await open();
  await db.run(async (handle) => handle.close());
  const { seq } = await add(db);
  assert.equal(seq, 1);
  let tries = 0;
  const last = await db.run(async (handle) => {
    tries += 1;
    if (tries === 1) handle.close(); // closes during the work
    return handle.get("meta", `seq/${DEVICE}`);
  });
  assert.deepEqual([tries, last], [2, 1]);
});

test("what another fault stops is not done twice", async () => {
  const db = await open();
  let tries = 0;
  const work = db.run(async () => {
    tries += 1;
    throw new DOMException("full", "QuotaExceededError");
  });
  await assert.rejects(work, { name: "QuotaExceededError" });
  assert.equal(tries, 1);
});

test("a database that the browser deleted is told of before anything else is stored in it", async () => {
  const db = await open();
  await add(db);
  await db.run(async (handle) => handle.close());
  await new Promise((done) => (indexedDB.deleteDatabase(db.name).onsuccess = done));
  db.onLost = (handle) => handle.put("meta", 7, `seq/${DEVICE}`);
  const { seq } = await add(db);
  assert.equal(seq, 8);
});
