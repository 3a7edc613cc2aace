/**
 * Keeps the release: the shell first, then every list that the reader wants, file by file, so that
 * a loop that was cut goes on where it stopped.
 */

import { changeIndex, fetchChecked, fetchFile, hasFile, readFile, readIndex, sweep } from "./kept.js";

const SHELL = "shell";
const TOP = "manifest.json";

/**
 * @typedef {[path: string, sha256: string, bytes: number]} FileLine
 * @typedef {{name: string, path: string, sha256: string, files: number, bytes: number}} ListLine
 * @typedef {import("../progress.js").Progress} Progress
 */

/** @type {Promise<void> | null} */
let running = null;
let askedAgain = false;

/** Bring everything that is kept up to the present release; calls while it runs are merged. */
export function refresh() {
  if (running) askedAgain = true;
  running ??= (async () => {
    do {
      askedAgain = false;
      await refreshOnce();
    } while (askedAgain);
  })().finally(() => {
    running = null;
  });
  return running;
}

/** Remember that the reader wants a list, and go and get it. */
export async function keep(/** @type {string} */ list) {
  await changeIndex((index) => ({ ...index, wanted: [...new Set([...index.wanted, list])] }));
  await refresh();
}

/** Tell the pages how far a list is kept, without fetching any of it. */
export async function tell(/** @type {string} */ list) {
  const top = await fetchTop();
  const line = top?.lists.find((each) => each.name === list);
  const files = line && (await fetchList(line));
  if (files) await report(list, files, null);
}

async function refreshOnce() {
  const top = await fetchTop();
  if (!top) return;
  const wanted = [SHELL, ...(await readIndex()).wanted];
  /** @type {Record<string, string>} */
  const reachable = {};
  let isWhole = true;
  for (const name of wanted) {
    const line = top.lists.find((each) => each.name === name);
    if (!line) continue;
    const files = await fetchList(line);
    if (!files) {
      isWhole = false;
      continue;
    }
    const fault = await (name === SHELL ? keepWhole(files) : keepEach(name, files));
    if (fault) isWhole = false;
    if (fault === "network") return;
    reachable[line.path] = line.sha256;
    for (const [path, sha256] of files) reachable[path] = sha256;
  }
  if (!isWhole) return; // what is kept of the release before is still better than nothing
  await changeIndex((index) => ({ ...index, paths: reachable, top: top.text }));
  await sweep();
}

/** Keep all files of the shell, then answer from all of them at once: its parts belong together. */
async function keepWhole(/** @type {FileLine[]} */ files) {
  for (const [path, sha256] of files) {
    const fault = (await hasFile(sha256)) ? null : await fetchFile(path, sha256);
    if (fault) return fault;
  }
  const own = Object.fromEntries(files.map(([path, sha256]) => [path, sha256]));
  await changeIndex((index) => ({ ...index, paths: { ...index.paths, ...own } }));
  await report(SHELL, files, null);
  return null;
}

/** Keep file by file, each readable as soon as it is here. */
async function keepEach(/** @type {string} */ name, /** @type {FileLine[]} */ files) {
  for (const [path, sha256] of files) {
    if (!(await hasFile(sha256))) {
      const fault = await fetchFile(path, sha256);
      if (fault) {
        await report(name, files, fault);
        return fault;
      }
      await report(name, files, null);
    }
    if ((await readIndex()).paths[path] !== sha256) {
      await changeIndex((index) => ({ ...index, paths: { ...index.paths, [path]: sha256 } }));
    }
  }
  await report(name, files, null);
  return null;
}

async function report(
  /** @type {string} */ list,
  /** @type {FileLine[]} */ files,
  /** @type {string | null} */ fault,
) {
  let done = 0;
  for (const [, sha256] of files) done += (await hasFile(sha256)) ? 1 : 0;
  const bytes = files.reduce((sum, [, , size]) => sum + size, 0);
  /** @type {Progress} */
  const progress = { type: "kept", list, done, files: files.length, bytes, fault };
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const pages = await worker.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage(progress);
}

/** @returns {Promise<{lists: ListLine[], text: string} | null>} */
async function fetchTop() {
  const found = await fetchChecked(TOP, null);
  const text = found.ok ? new TextDecoder().decode(found.bytes) : (await readIndex()).top;
  return text ? { .../** @type {{lists: ListLine[]}} */ (JSON.parse(text)), text } : null;
}

/** A list of the manifest; it is kept like any file, so that its state can be told offline.
 * @returns {Promise<FileLine[] | null>} */
async function fetchList(/** @type {ListLine} */ line) {
  if (!(await hasFile(line.sha256)) && (await fetchFile(line.path, line.sha256))) return null;
  return (await readFile(line.sha256))?.json();
}
