import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import "fake-indexeddb/auto";

const SCOPE = "https://portal.test/";
const MATERIALS = 40;

globalThis.self = { location: { href: `${SCOPE}sw.js` }, clients: { matchAll: async () => [] } };
const { forget, keep, refresh } = await import("../../site/app/sw/keep.js");
const { readIndex, savedResponse } = await import("../../site/app/sw/kept.js");

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** Replaces `fetch` with a release of two meetings, which have 1 and 40 materials. */
function serve() {
  const files = {};
  const addList = (name, paths) => {
    for (const file of paths) files[file] = `content of ${file}`;
    const path = `lists/${name}.json`;
    files[path] = JSON.stringify(paths.map((file) => [file, sha256(files[file]), files[file].length]));
    return { name, path, sha256: sha256(files[path]), files: paths.length, bytes: 0 };
  };
  const materials = Array.from({ length: MATERIALS }, (_, number) => `t/ct${number}.html`);
  const lists = [addList("shell", ["index.html"]), addList("m-1", ["t/kl1.html"]), addList("m-2", materials)];
  files["manifest.json"] = JSON.stringify({ lists });
  globalThis.fetch = async (address) => new Response(files[address.slice(SCOPE.length)]);
}

test("a reader's wish to save a meeting is not lost while the release is updated", async () => {
  serve();
  await keep("m-2");

  for (let round = 1; round <= 60; round += 1) {
    await forget("m-1");
    const update = refresh();
    await new Promise((resolve) => setTimeout(resolve, round % 30));
    await Promise.all([update, keep("m-1")]);
    assert.deepEqual([...(await readIndex()).wanted].sort(), ["m-1", "m-2"], `round ${round}`);
    assert.ok(await savedResponse("t/kl1.html"), `round ${round}`);
  }
});
