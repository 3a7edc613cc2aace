/** Tests which people and times the kiosk reads from an attendance list on a USB stick. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { countedLines, momentOf } from "../../site/app/kiosk/hall/attendance-list.js";
import { rowsOfText } from "../../site/app/kiosk/hall/sheet-file.js";

const MEETING = { starts_at: "2024-08-22T00:30:00.000Z", ends_at: "2024-08-22T04:00:00.000Z" };
const ROSTER = [
  { person: "M1", name: "Mẫu Đức An", unit: "U01", position: "", seat: "" },
  { person: "M2", name: "Mẫu Thu Ân", unit: "U01", position: "", seat: "" },
  { person: "M3", name: "Mẫu Thu An", unit: "U01", position: "", seat: "" },
];

function codesIn(text) {
  return (countedLines(rowsOfText(text), ROSTER, MEETING) ?? []).map(({ people }) => people.map(({ person }) => person).join("+"));
}

test("a CSV is read with its separator, quotes and line ends", () => {
  assert.deepEqual(rowsOfText('a;"b;""c""\nd"\r\ne;f'), [["a", 'b;"c"\nd'], ["e", "f"]]);
  assert.deepEqual(rowsOfText("a\tb\n"), [["a", "b"], [""]]);
});

test("names are matched as written, else without accents, and never guessed between two", () => {
  assert.deepEqual(codesIn("STT;Họ và tên;Giờ đến\n1;Mẫu Đức An;7:20\n2;mau duc an - U01;7:20\n"), ["M1"]);
  assert.deepEqual(codesIn("Name,Join Time\nMau Thu An,07:20\nMẫu Thu Ân,07:21\nKhông Ai,07:21\n"), ["M2", "M2+M3", ""]);
  assert.deepEqual(codesIn("Mã;Họ và tên\nm3;x\n"), ["M3"]);
});

test("a column of presences says who came; totals and signatures end the list", () => {
  assert.deepEqual(codesIn("Họ và tên;Có mặt\nMẫu Đức An;x\nMẫu Thu Ân;vắng\nMẫu Thu An;\n"), ["M1"]);
  assert.deepEqual(codesIn("Họ và tên;Đơn vị\nMẫu Đức An;U01\nTổng cộng: 1;\nMẫu Thu Ân;U01\n"), ["M1"]);
  assert.equal(countedLines([["không", "có"]], ROSTER, MEETING), null);
});

test("the rows of one person are one arrival and one leaving", () => {
  const text = "Name,Join Time,Leave Time\nMau Duc An,7:40,9:00\nMau Duc An,7:20,7:35\n";
  const [line] = countedLines(rowsOfText(text), ROSTER, MEETING) ?? [];
  assert.deepEqual([line.cameAt, line.leftAt], ["2024-08-22T00:20:00.000Z", "2024-08-22T02:00:00.000Z"]);
});

for (const text of ["22/08/2024 07:25:31", "8/22/24, 7:25:31 AM", "2024-08-22 07:25:31", "07:25:31", "45526.30938657407", "0.30938657407"])
  test(`a moment is read from ${text}`, () => assert.equal(momentOf(text, MEETING), "2024-08-22T00:25:31.000Z"));

for (const text of ["", "sáng", "22/08/2023 07:25", "25:00", "7:61", "32/13/2024 07:00"])
  test(`no moment is read from «${text}»`, () => assert.equal(momentOf(text, MEETING), null));
