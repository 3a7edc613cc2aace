import assert from "node:assert/strict";
import { test } from "node:test";

import { DRIFT_MS, startClock } from "../../site/app/kiosk/device/clock.js";
import { chooseMeeting } from "../../site/app/kiosk/desk/choose-meeting.js";
import { fold } from "../../site/app/fold.js";
import { findPeople, sortPeople, selectedMatch } from "../../site/app/kiosk/desk/search.js";
import { hallOf, undoable } from "../../site/app/kiosk/desk/hall-standing.js";

const people = ["Mẫu Thị Đào", "Mẫu Văn An", "Mẫu Văn Ân", "Mẫu Quang Dũng", "Ksor"].map((name, n) => ({
  person: `M0${n}`, name, unit: "U01", position: "", seat: "",
}));
const names = (matches) => matches.map((match) => match.name);

test("any part of a name finds it, without diacritics", () => {
  assert.deepEqual(names(findPeople(people, "dao")), ["Mẫu Thị Đào"]);
  assert.deepEqual(names(findPeople(people, "an van")), ["Mẫu Văn An", "Mẫu Văn Ân"]);
  assert.deepEqual(names(findPeople(people, "m03")), ["Mẫu Quang Dũng"]);
  assert.deepEqual(findPeople(people, "xyz"), []);
});

test("exact accents come first, then names that begin so", () => {
  assert.deepEqual(names(findPeople(people, "ân"))[0], "Mẫu Văn Ân");
  assert.equal(names(findPeople(people, "an")).at(-1), "Mẫu Quang Dũng");
});

test("Enter means one person or nobody", () => {
  const meant = (typed) => selectedMatch(findPeople(people, typed), typed)?.name;

  assert.equal(meant("dao"), "Mẫu Thị Đào");
  assert.equal(meant("quang d"), "Mẫu Quang Dũng");
  assert.equal(meant("van"), undefined);
  assert.equal(meant("van an"), undefined);
  assert.equal(meant("m01"), "Mẫu Văn An");
  assert.equal(meant(""), undefined);
});

test("people are sorted by given name, as Vietnamese lists are", () => {
  assert.deepEqual(names(sortPeople(people)), [
    "Mẫu Văn An", "Mẫu Văn Ân", "Mẫu Quang Dũng", "Mẫu Thị Đào", "Ksor",
  ]);
});

test("folding knows both ways to write a d", () => {
  assert.equal(fold("ĐẶNG Ðào đồng"), "dang dao dong");
});

test("a clock that is set begins a new boot", () => {
  const at = { wall: 1_000_000, mono: 0 };
  const read = startClock({ wall: () => at.wall, mono: () => at.mono });
  const first = read();
  at.wall += 5000;
  at.mono += 5000 - DRIFT_MS;
  assert.equal(read().boot, first.boot);
  at.wall += 60_000;
  const later = read();
  assert.notEqual(later.boot, first.boot);
  assert.equal(read().boot, later.boot);
});

const setting = {
  id: "s", kind: "setting", device: "O-x", seq: null, point: "P001", at: "2024-08-20T00:00:00Z",
  at_corrected: "2024-08-20T00:00:00Z",
  body: { starts_at: "2024-08-22T00:30:00Z", grace_minutes: 5 },
};
const roll = { ...setting, id: "l", kind: "roll", body: { people: [["M1", "U01"]] } };
const clerk = { by: "clerk", point: "P001" };

function queuedRecord(seq, kind, at, changes = {}) {
  const record = { id: `r${seq}`, kind, device: "D-ONE", seq, at, person: "M1", by: "clerk",
    point: "P001", body: {}, ...changes };
  return { id: record.id, seq, record, fate: "queued", code: null, atCorrected: null };
}

const standingOfM1 = (records, stream = []) => hallOf("P001", records, [setting, roll, ...stream]).of.get("M1");

test("a queued record counts in the hall as the server will count it", () => {
  assert.equal(standingOfM1([queuedRecord(1, "check_in", "2024-08-22T00:41:59Z")]).late_minutes, 11);
  assert.equal(standingOfM1([]).standing, "not_recorded");
});

test("the server's corrected time counts once it is known", () => {
  const record = { ...queuedRecord(1, "check_in", "2024-08-22T00:41:59Z"), atCorrected: "2024-08-22T00:27:59Z" };

  assert.equal(standingOfM1([record]).is_late, false);
});

test("a refused record counts for nothing", () => {
  const refused = { ...queuedRecord(1, "check_in", "2024-08-22T00:10:00Z"), fate: "refused" };

  assert.equal(standingOfM1([refused]).standing, "not_recorded");
});

test("every check-in in force can be undone, by a person with the right to", () => {
  const both = [queuedRecord(1, "check_in", "2024-08-22T00:10:00Z"), queuedRecord(2, "check_in", "2024-08-22T00:11:00Z")];
  const undo = queuedRecord(3, "void", "2024-08-22T00:12:00Z", { refs: ["r1"] });
  const { records } = hallOf("P001", [...both, undo], []);

  const isOfM1 = (record) => record.kind === "check_in" && record.person === "M1";

  assert.deepEqual(undoable(records, clerk, isOfM1).map((record) => record.id), ["r2"]);
  assert.deepEqual(undoable(records, { by: "M9", point: "P001" }, isOfM1), []);
});

test("a record that came back in the stream counts once", () => {
  const mine = queuedRecord(1, "check_in", "2024-08-22T00:10:00Z");
  const back = { ...mine.record, at_corrected: "2024-08-22T00:10:00.000Z" };

  assert.deepEqual(standingOfM1([mine], [back]).flags, []);
});

const at = (hour) => Date.parse(`2024-08-22T${hour}:00:00Z`);
const meetings = [
  { id: "later", starts_at: "2024-08-30T00:00:00Z", ends_at: "2024-08-30T04:00:00Z", state: "upcoming" },
  { id: "today", starts_at: "2024-08-22T01:00:00Z", ends_at: "2024-08-22T04:00:00Z", state: "upcoming" },
  { id: "old", starts_at: "2024-08-21T01:00:00Z", ends_at: "2024-08-21T04:00:00Z", state: "open" },
];

test("the meeting is chosen by the hour, whatever a saved list says", () => {
  assert.equal(chooseMeeting(meetings, undefined, at("02")), "today");
  assert.equal(chooseMeeting(meetings, undefined, at("09")), "today"); // the meeting may run late
  assert.equal(chooseMeeting(meetings, undefined, at("11")), "later");
  assert.equal(chooseMeeting([], undefined, at("02")), null);
});

test("a clerk's choice holds for the day", () => {
  assert.equal(chooseMeeting(meetings, { id: "old", chosenMs: at("01") }, at("02")), "old");
  assert.equal(chooseMeeting(meetings, { id: "old", chosenMs: at("01") - 86_400_000 }, at("02")), "today");
  assert.equal(chooseMeeting(meetings, { id: "gone", chosenMs: at("01") }, at("02")), "today");
});

test("names with an apostrophe are found however it is typed", () => {
  const people = ["K‘Brăk", "H’Hen Niê", "Hà Văn Khen"].map((name, n) => ({ name, person: `M${n}`, unit: "U1" }));
  for (const typed of ["k'brak", "kbrak", "K’brăk", "brak"]) assert.deepEqual(names(findPeople(people, typed)), ["K‘Brăk"]);
  for (const typed of ["h'hen", "hhen", "h’hen nie"]) assert.deepEqual(names(findPeople(people, typed)), ["H’Hen Niê"]);
});

test("the two tone styles of a name stand together", () => {
  const people = ["Lê Hoá", "Lê Hòa", "Lê Hoa", "Lê Hoà", "Lê Hóa"].map((name, n) => ({ name, person: `M${n}`, unit: "U1" }));
  const sorted = names(sortPeople(people));
  assert.equal(sorted[0], "Lê Hoa");
  assert.deepEqual(new Set(sorted.slice(1, 3)), new Set(["Lê Hoà", "Lê Hòa"]));
});

test("a clock in the past chooses no meeting that the server knows to be over", () => {
  const past = Date.parse("2010-01-01T00:00:00Z");
  const list = [
    { id: "to come", state: "upcoming", starts_at: "2024-12-18T00:30:00Z", ends_at: "2024-12-18T04:00:00Z" },
    { id: "over", state: "closed", starts_at: "2024-08-22T00:30:00Z", ends_at: "2024-08-22T04:00:00Z" },
  ];
  assert.equal(chooseMeeting(list, undefined, past), "to come");
});
