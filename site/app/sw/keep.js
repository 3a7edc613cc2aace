/**
 * Keeps the release: the shell first, then every list that the reader wants, file by file, so that
 * a loop that was cut goes on where it stopped. What has changed comes before what is new.
 * A newer kiosk is fetched, and takes over only when its clerk consents.
 */

import { fetchChecked, fetchFile } from "./fetch.js";
import { changeIndex, hasFile, keptBytes, readFile, readIndex, sweep } from "./kept.js";

const SHELL = "shell";
const KIOSK = "kiosk";
const OF_KIOSK = /^(diem-danh\/|app\/kiosk(?!-zxing))/;
const OF_KIOSK_OR_SCANNER = /^(diem-danh\/|app\/kiosk)/;
const TOP = "manifest.json";

/**
 * @typedef {import("../progress.js").FileLine} FileLine
 * @typedef {import("../progress.js").Fault} Fault
 * @typedef {import("../progress.js").Told} Told
 * @typedef {{name: string, path: string, sha256: string, files: number, bytes: number}} ListLine
 * @typedef {{lists: ListLine[], withdrawn?: [path: string, sha256: string][]}} Top
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
  await tellWanted();
  await refresh();
}

/** Clear a list from this device, but for what another that is wanted holds too. */
export async function forget(/** @type {string} */ list) {
  await changeIndex((index) => ({ ...index, wanted: index.wanted.filter((each) => each !== list) }));
  await running; // which stops at this list, and must not find what it has just fetched swept away
  const top = await keptTop();
  if (top) await narrow(top);
  await tellWanted();
  await tell(list);
}

/** Tell the pages how far a list is kept, without fetching anything for it. */
export async function tell(/** @type {string} */ list) {
  const line = await lineOf(list);
  if (!line) return;
  if (await hasFile(line.sha256)) await follow(list);
  else await reportNone(line, null);
}

/** Tell the pages of each file of a list too; the list itself is fetched for it. */
export async function follow(/** @type {string} */ list) {
  const line = await lineOf(list);
  const lines = line && (await fetchList(line));
  if (lines && typeof lines !== "string") await report(list, lines, null);
}

/** @returns {Promise<ListLine | undefined>} */
async function lineOf(/** @type {string} */ list) {
  const top = (await keptTop()) ?? (await fetchTop())?.top;
  return top?.lists.find((each) => each.name === list);
}

/** Tell the pages which lists are wanted, and how much is kept in all. */
export async function tellWanted() {
  const kept = await keptBytes();
  await post({ type: "wanted", lists: (await readIndex()).wanted, ...kept });
}

async function refreshOnce() {
  const found = await fetchTop();
  await post({ type: "line", isOpen: found !== null });
  if (!found) return;
  const before = (await readIndex()).paths;
  await dropWithdrawn(found.top);
  const fault = await bringUp(found.top);
  if (!fault) {
    await changeIndex((index) => ({ ...index, top: found.text }));
    await narrow(found.top);
  }
  const now = (await readIndex()).paths;
  const paths = Object.keys(now).filter((path) => before[path] && before[path] !== now[path]);
  if (paths.length > 0) await post({ type: "renewed", paths });
}

/** What was withdrawn goes at once, before anything new has come, even where a line breaks. */
async function dropWithdrawn(/** @type {Top} */ top) {
  const gone = new Map(top.withdrawn ?? []);
  // `t/ct02-2.html` is a further part of `t/ct02.html`, and goes with it.
  const stays = (/** @type {[string, string]} */ [path, sha]) =>
    gone.has(path) ? gone.get(path) === sha : !gone.has(path.replace(/^(t\/\w+)-\d+\.html$/, "$1.html"));
  if (Object.entries((await readIndex()).paths).every(stays)) return;
  await changeIndex((index) => {
    return { ...index, paths: Object.fromEntries(Object.entries(index.paths).filter(stays)) };
  });
  await sweep();
}

/** Fetch what is wanted of a release and is not here. @returns {Promise<Fault | null>} */
async function bringUp(/** @type {Top} */ top) {
  /** @type {Fault | null} */
  let first = null;
  for (const name of [SHELL, ...(await readIndex()).wanted]) {
    const line = top.lists.find((each) => each.name === name);
    if (!line) continue;
    const lines = await fetchList(line);
    if (typeof lines === "string") {
      await reportNone(line, lines);
      return lines;
    }
    const fault = await (name === SHELL || name === KIOSK ? keepWhole(name, lines) : keepEach(name, lines));
    if (fault === "network") return fault;
    first ??= fault;
  }
  return first;
}

/** Keep all files of a list, then answer from all of them at once: its parts belong together. */
async function keepWhole(/** @type {string} */ name, /** @type {FileLine[]} */ files) {
  for (const [path, sha256, bytes] of files) {
    const fault = (await hasFile(sha256)) ? null : await fetchFile(path, sha256, bytes);
    if (fault) return fault;
  }
  const own = Object.fromEntries(files.map(([path, sha256]) => [path, sha256]));
  await changeIndex((index) => {
    const isOther = Object.keys(own).some((path) => index.paths[path] !== own[path]);
    const isAsked = name === KIOSK && isOther && Object.keys(index.paths).some((path) => OF_KIOSK.test(path));
    if (isAsked) return { ...index, next: own };
    return { ...index, paths: { ...index.paths, ...own }, ...(name === KIOSK ? { next: {} } : {}) };
  });
  await report(name, files, null);
  return null;
}

/** Let the newer kiosk take over: its clerk has consented. */
export async function renew(/** @type {string} */ list) {
  await changeIndex((index) => {
    if (Object.keys(index.next).length === 0) return index;
    const others = Object.entries(index.paths).filter(([path]) => !OF_KIOSK.test(path));
    return { ...index, paths: { ...Object.fromEntries(others), ...index.next }, next: {} };
  });
  await tell(list);
}

/** Keep file by file, each readable as soon as it is here. */
async function keepEach(/** @type {string} */ name, /** @type {FileLine[]} */ files) {
  const { paths } = await readIndex();
  const changed = (/** @type {FileLine} */ [path]) => (path in paths ? 0 : 1);
  for (const [path, sha256, bytes] of [...files].sort((a, b) => changed(a) - changed(b))) {
    if (!(await readIndex()).wanted.includes(name)) return null; // cleared meanwhile
    if (!(await hasFile(sha256))) {
      const fault = await fetchFile(path, sha256, bytes);
      await report(name, files, fault);
      if (fault) return fault;
    }
    if (paths[path] !== sha256) {
      await changeIndex((index) => ({ ...index, paths: { ...index.paths, [path]: sha256 } }));
    }
  }
  await report(name, files, null);
  return null;
}

/** Answer from nothing but what a release has in the lists that are wanted, and drop the rest. */
async function narrow(/** @type {Top} */ top) {
  const present = new Set(top.lists.map((line) => line.name));
  const wanted = (await readIndex()).wanted.filter((name) => present.has(name));
  /** @type {Record<string, string>} */
  const reachable = {};
  const awaited = new Set();
  for (const line of top.lists.filter(({ name }) => name === SHELL || wanted.includes(name))) {
    reachable[line.path] = line.sha256;
    for (const [path, sha256] of (await readFile(line.sha256).then((own) => own?.json())) ?? []) {
      awaited.add(sha256);
      if (await hasFile(sha256)) reachable[path] = sha256;
    }
  }
  await changeIndex((index) => {
    if (Object.keys(index.next).length === 0) return { ...index, wanted, paths: reachable };
    // The kiosk stays as it is, whole and with its scanner, until its clerk consents to the next.
    const present = Object.entries(index.paths).filter(([path]) => OF_KIOSK_OR_SCANNER.test(path));
    const others = Object.entries(reachable).filter(([path]) => !OF_KIOSK.test(path));
    return { ...index, wanted, paths: Object.fromEntries([...others, ...present]) };
  });
  await sweep(awaited);
}

async function report(
  /** @type {string} */ list,
  /** @type {FileLine[]} */ lines,
  /** @type {Fault | null} */ fault,
) {
  let done = 0;
  let doneBytes = 0;
  for (const [, sha256, bytes] of lines) {
    if (!(await hasFile(sha256))) continue;
    done += 1;
    doneBytes += bytes;
  }
  const isWanted = list === SHELL || (await readIndex()).wanted.includes(list);
  const bytes = lines.reduce((sum, [, , size]) => sum + size, 0);
  const isNewer = list === KIOSK && Object.keys((await readIndex()).next).length > 0;
  await post({ type: "kept", list, isWanted, done, doneBytes, files: lines.length, bytes, lines, fault, isNewer });
}

/** Report of a list that is not here itself. @param {ListLine} line @param {Fault | null} fault */
async function reportNone({ name, files, bytes }, fault) {
  const isWanted = (await readIndex()).wanted.includes(name);
  const none = { done: 0, doneBytes: 0, lines: [] };
  await post({ type: "kept", list: name, isWanted, files, bytes, fault, ...none });
}

async function post(/** @type {Told} */ told) {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const pages = await worker.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage(told);
}

/** @returns {Promise<{top: Top, text: string} | null>} */
async function fetchTop() {
  const found = await fetchChecked(TOP, null);
  if (!found.ok) return null;
  const text = new TextDecoder().decode(found.bytes);
  return { top: JSON.parse(text), text };
}

/** The manifest that this device was last brought up to. @returns {Promise<Top | null>} */
async function keptTop() {
  const { top } = await readIndex();
  return top ? JSON.parse(top) : null;
}

/** A list of the manifest; it is kept like any file, so that its state can be told offline.
 * @returns {Promise<FileLine[] | Fault>} */
async function fetchList(/** @type {ListLine} */ line) {
  const fault = (await hasFile(line.sha256)) ? null : await fetchFile(line.path, line.sha256, 0);
  return fault ?? (await readFile(line.sha256))?.json() ?? "changed";
}
