/** Test that pieces grow on a good line, and shrink on a slow or broken one. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { nextPieceBytes, SMALLEST_PIECE_BYTES } from "../../site/app/piece-size.js";

test("pieces grow to 64 KB on a quick line, and stay on a middling one", () => {
  let bytes = SMALLEST_PIECE_BYTES;
  for (let n = 0; n < 5; n += 1) bytes = nextPieceBytes(bytes, 100);
  assert.equal(bytes, 65_536);
  assert.equal(nextPieceBytes(bytes, 5000), 65_536);
});

test("pieces shrink on a slow line, and are the smallest after a cut", () => {
  assert.equal(nextPieceBytes(65_536, 23_000), 32_768);
  assert.equal(nextPieceBytes(SMALLEST_PIECE_BYTES, 23_000), SMALLEST_PIECE_BYTES);
  assert.equal(nextPieceBytes(65_536, null), SMALLEST_PIECE_BYTES);
});
