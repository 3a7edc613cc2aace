/** Test which keys count as a scan: slow and stuttering scanners do, people do not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { scanAtEnd } from "../../site/app/kiosk/desk/scanner-keys.js";

const isCode = (/** @type {string} */ text) => /^M\d{5}$/.test(text);

/** @param {string} text @param {number[]} pauses times between the keys in ms; the last one repeats */
function keysOf(text, pauses) {
  let atMs = 1000;
  /** @type {[key: string, atMs: number][]} */
  const keys = [...text].map((key, place) => {
    if (place > 0) atMs += pauses[Math.min(place - 1, pauses.length - 1)] ?? 0;
    return [key, atMs];
  });
  return { keys, endMs: atMs + (pauses.at(-1) ?? 0) };
}

for (const [name, pauses] of /** @type {[string, number[]][]} */ ([
  ["fast", [8]],
  ["slow", [79]],
  ["stuttering", [8, 8, 150, 8]],
])) {
  test(`a ${name} scan is recognised, also behind a text that was just typed`, () => {
    for (const text of ["M00018", "thửM00018"]) {
      const { keys, endMs } = keysOf(text, pauses);
      assert.equal(scanAtEnd(keys, endMs, isCode, "text")?.code, "M00018");
    }
  });
}

test("what a scanner types before the code is no part of it, and leaves the field with it", () => {
  const { keys, endMs } = keysOf("]C0M00018", [8]);
  assert.deepEqual(scanAtEnd(keys, endMs, isCode, "text"), { code: "M00018", typed: "]C0M00018" });
});

test("a foreign code that ends like one of ours is foreign, from a slow scanner, too", () => {
  for (const pauses of [[8], [70]]) {
    const { keys, endMs } = keysOf("http://a.vn/M00018", pauses);
    assert.notEqual(scanAtEnd(keys, endMs, isCode, "text")?.code, "M00018");
  }
});

test("a foreign code leaves a text that was typed by hand alone", () => {
  const typed = keysOf("Cường ", [140]);
  const scanned = keysOf("WIFI:S:hoi;;", [4]);
  const shiftMs = typed.endMs - 1000;
  /** @type {[key: string, atMs: number][]} */
  const keys = [...typed.keys, ...scanned.keys.map(([key, atMs]) => /** @type {[string, number]} */ ([key, atMs + shiftMs]))];
  assert.equal(scanAtEnd(keys, scanned.endMs + shiftMs, isCode, "text")?.typed, "WIFI:S:hoi;;");
});

test("in a search, a number that is typed very fast is a scan, and words are a search", () => {
  const number = keysOf("17", [4]);
  assert.equal(scanAtEnd(number.keys, number.endMs, isCode, "search")?.code, "17");
  assert.equal(scanAtEnd(number.keys, number.endMs, isCode, "text"), null);
  const words = keysOf("nguyen van an", [4]);
  assert.equal(scanAtEnd(words.keys, words.endMs, isCode, "search"), null);
});

test("a person who types a code or a word is no scanner", () => {
  for (const text of ["M00018", "Nguyễn Văn An", "17"]) {
    const { keys, endMs } = keysOf(text, [100]);
    assert.equal(scanAtEnd(keys, endMs, isCode, "search"), null);
  }
});
