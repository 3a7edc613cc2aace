/** Test which keys count as a scan: slow and stuttering scanners do, people do not. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { scannedCode } from "../../site/app/kiosk/desk/scanner-keys.js";

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
      assert.equal(scannedCode(keys, endMs, isCode), "M00018");
    }
  });
}

test("a person who types a code is no scanner", () => {
  const { keys, endMs } = keysOf("M00018", [140]);
  assert.equal(scannedCode(keys, endMs, isCode), "");
});
