import assert from "node:assert/strict";
import { test } from "node:test";

import "fake-indexeddb/auto";

import { recordOf, uuid7 } from "../../site/app/kiosk/mint.js";
import {
  addRecord,
  countFates,
  openStore,
  ownRecords,
  queued,
  streamRecords,
  takeAnswer,
} from "../../site/app/kiosk/store.js";

const enrolment = { device: "D-ONE", point: "P001", profile: "clerk" };
const now = { boot: "b1", at: "2024-08-22T00:55:03.120Z", monoMs: 81234 };
const draft = { kind: "check_in", person: "M1", source: "search", body: { mode: "in_person" } };
let stores = 0;

function open() {
  stores += 1;
  return openStore(`test-${stores}`);
}

function add(db) {
  return addRecord(db, recordOf(enrolment, "m-1", now, draft));
}

function answer(changes = {}) {
  return { verdicts: [], records: [], cursor: "e1:1", more: false, want: [], ...changes };
}

test("a record has the form that the server expects", async () => {
  const { record } = await add(await open());

  assert.match(record.id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(
    { ...record, id: "" },
    {
      id: "", v: 1, kind: "check_in", meeting: "m-1", point: "P001", device: "D-ONE", seq: 1,
      boot: "b1", at: now.at, mono_ms: 81234, by: "clerk", source: "search", person: "M1",
      body: { mode: "in_person" },
    },
  );
});

test("ids sort by time", () => {
  const ids = [1, 2 ** 33, 2 ** 40].map(uuid7);

  assert.deepEqual([...ids].sort(), ids);
});

test("numbers have no gaps, whoever adds at once", async () => {
  const db = await open();
  const added = await Promise.all(Array.from({ length: 20 }, () => add(db)));

  assert.deepEqual(added.map((own) => own.seq).sort((a, b) => a - b), Array.from({ length: 20 }, (_, n) => n + 1));
});

test("a queue survives being closed and opened again", async () => {
  const db = await open();
  await add(db);
  db.close();
  const again = await openStore(`test-${stores}`);

  assert.equal((await queued(again, 10)).length, 1);
  assert.equal((await add(again)).seq, 2);
});

test("verdicts give each record its fate", async () => {
  const db = await open();
  const sent = [await add(db), await add(db), await add(db)];
  const verdicts = ["stored", "refused", "held"].map((fate, n) => ({
    id: sent[n].id, status: fate, fate, flags: [], code: fate === "refused" ? "x" : null, at_corrected: null,
  }));
  await takeAnswer(db, sent, "m-1", answer({ verdicts }));

  assert.deepEqual(await countFates(db), { unsent: 0, refused: 1, held: 1 });
  assert.equal((await ownRecords(db, "m-1")).length, 3);
});

test("what the server lacks is queued again, what it refused is not", async () => {
  const db = await open();
  const sent = [await add(db), await add(db), await add(db)];
  const verdicts = ["stored", "stored", "refused"].map((fate) => ({ fate, flags: [], code: null, at_corrected: null }));
  await takeAnswer(db, sent, "m-1", answer({ verdicts }));
  await takeAnswer(db, [], "m-1", answer({ want: [[2, 3]] }));

  assert.deepEqual((await queued(db, 10)).map((own) => own.seq), [2]);
});

test("another state of the server is taken in afresh", async () => {
  const db = await open();
  await takeAnswer(db, [], "m-1", answer({ records: [{ id: "a", kind: "roll" }] }));
  await takeAnswer(db, [], "m-1", answer({ records: [{ id: "b", kind: "roll" }], cursor: "e2:1" }));

  assert.deepEqual((await streamRecords(db, "m-1")).map((each) => each.id), ["b"]);
});

test("the stream is kept by meeting", async () => {
  const db = await open();
  await takeAnswer(db, [], "m-1", answer({ records: [{ id: "a", kind: "roll" }] }));
  await takeAnswer(db, [], "m-2", answer({ records: [{ id: "b", kind: "roll" }] }));

  assert.deepEqual((await streamRecords(db, "m-1")).map((each) => each.id), ["a"]);
});
