import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import "fake-indexeddb/auto";

const SCOPE = "https://portal.test/";
const FILES = 6;

/** The bytes of a release by path; `round` changes every file. */
function release(round) {
  const files = {};
  const listOf = (name, paths) => {
    const lines = paths.map((path) => {
      files[path] = `${path} of round ${round}`;
      return [path, sha256(files[path]), files[path].length];
    });
    const path = `lists/${name}.json`;
    files[path] = JSON.stringify(lines);
    return { name, path, sha256: sha256(files[path]), files: lines.length, bytes: 0 };
  };
  const materials = Array.from({ length: FILES }, (_, number) => `t/ct${number}.html`);
  const lists = [listOf("shell", ["index.html"]), listOf("m-1", materials)];
  const withdrawn = [["t/ct0.html", sha256(files["t/ct0.html"])]];
  files["manifest.json"] = JSON.stringify({ lists, withdrawn });
  return files;
}

function sha256(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** Serve a release over a line on which every answer takes a different time. */
function serve(files) {
  globalThis.fetch = async (address) => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
    const text = files[address.slice(SCOPE.length)];
    return text === undefined ? new Response("", { status: 404 }) : new Response(text);
  };
}

test("two workers that update at once leave every file of the release saved", async () => {
  globalThis.self = { location: { href: `${SCOPE}sw.js` }, clients: { matchAll: async () => [] } };
  const active = await import("../../site/app/sw/keep.js?active");
  const installing = await import("../../site/app/sw/keep.js?installing");
  const { savedResponse } = await import("../../site/app/sw/kept.js");
  serve(release(0));
  await active.keep("m-1");

  for (let round = 1; round <= 30; round += 1) {
    const files = release(round);
    serve(files);
    await Promise.all([active.refresh(), installing.refresh()]);
    for (const [path, text] of Object.entries(files)) {
      if (path === "manifest.json") continue;
      assert.equal(await (await savedResponse(path))?.text(), text, `${path} after round ${round}`);
    }
  }
});
