import assert from "node:assert/strict";
import { test } from "node:test";

import { call } from "../../site/app/kiosk/sync/server.js";

const OURS = { "Diemcau-Api": "1", "Content-Type": "application/json" };

/** Replaces `fetch`: every request gets this body, status and headers. */
function answer(body, status, headers) {
  globalThis.fetch = async () => new Response(body, { status, headers });
}

for (const [what, options] of [
  ["a reading", {}],
  ["a question how far an upload has come", { method: "HEAD" }],
  ["a piece of an upload", { method: "PUT", piece: "x" }],
  ["a sync", { body: {} }],
]) {
  test(`the log-in page of a Wi-Fi is no answer to ${what}`, async () => {
    answer("<html>Log in</html>", 200, { "Content-Type": "text/html" });
    const result = await call("/x", options);
    assert.equal(result.ok, false);
    assert.equal(result.code, "not_ours");
  });

  test(`JSON from elsewhere is no answer to ${what}`, async () => {
    answer("{}", 200, { "Content-Type": "application/json" });
    assert.equal((await call("/x", options)).ok, false);
  });
}

test("our answer is taken, with its headers", async () => {
  answer('{"a":1}', 200, { ...OURS, "Upload-Complete": "?1" });
  const result = await call("/x");
  assert.equal(result.ok, true);
  assert.deepEqual(result.data, { a: 1 });
  assert.equal(result.headers.get("Upload-Complete"), "?1");
});

test("a refusal names its status, and when to try again", async () => {
  answer("Bad gateway", 502, { "Retry-After": "7" });
  const result = await call("/x");
  assert.deepEqual([result.reason, result.status, result.code, result.retryAfterS], ["refused", 502, "502", 7]);
});
