/**
 * Saves the release for offline use: first the shell (the files that all readers need), then every
 * list of files that the reader wants. Within a list, changed files come before new files. An
 * interrupted update continues where it stopped. A newer kiosk is saved, but used only after its
 * clerk consents.
 */

import { MANIFEST, fetchChecked, fetchFile } from "./fetch.js";
import { changeIndex, hasFile, measureSaved, readFile, readIndex, sweep } from "./kept.js";

const SHELL = "shell";
const KIOSK = "kiosk";
const OF_KIOSK = /^(diem-danh\/|app\/kiosk(?!-zxing))/;
const OF_KIOSK_OR_SCANNER = /^(diem-danh\/|app\/kiosk)/;

/**
 * `ListLine`: the manifest's entry for a list. `path` and `sha256` identify the file that contains
 * the list. `files` and `bytes` are the number and total size of the files in the list.
 * @typedef {import("../worker-messages.js").FileLine} FileLine
 * @typedef {import("../worker-messages.js").Fault} Fault
 * @typedef {import("../worker-messages.js").WorkerMessage} WorkerMessage
 * @typedef {{name: string, path: string, sha256: string, files: number, bytes: number}} ListLine
 * @typedef {{lists: ListLine[], withdrawn?: [path: string, sha256: string][]}} Manifest
 */

/** @type {Promise<void> | null} */
let running = null;
let isRefreshQueued = false;

/** Update all saved lists to the current release. A call during an update causes one more update;
 * the promise resolves after the last update. */
export function refresh() {
  if (running) isRefreshQueued = true;
  running ??= (async () => {
    do {
      isRefreshQueued = false;
      await refreshOnce();
    } while (isRefreshQueued);
  })().finally(() => {
    running = null;
  });
  return running;
}

/** Add a list to those that the reader wants, report this to the pages, and fetch its files. */
export async function keep(/** @type {string} */ list) {
  await changeIndex((index) => ({ ...index, wanted: [...new Set([...index.wanted, list])] }));
  await reportWanted();
  await refresh();
}

/** Delete the files of a list from this device, except files that another wanted list also
 * contains. */
export async function forget(/** @type {string} */ list) {
  await changeIndex((index) => ({ ...index, wanted: index.wanted.filter((name) => name !== list) }));
  await running; // the running update now skips this list; files must stay until that update ends
  const manifest = await savedManifest();
  if (manifest) await dropUnwanted(manifest);
  await reportWanted();
  await reportSaved(list);
}

/** Report to the pages how much of a list is saved, without fetching the list. Report nothing if
 * the manifest does not contain the list. */
export async function reportSaved(/** @type {string} */ list) {
  const line = await lineOf(list);
  if (!line) return;
  if (await hasFile(line.sha256)) await reportFiles(list);
  else await reportMissingList(line, null);
}

/** Report to the pages which files a list contains and how many of them are saved. If the list
 * itself is not saved, fetch it first. */
export async function reportFiles(/** @type {string} */ list) {
  const line = await lineOf(list);
  const lines = line && (await fetchList(line));
  if (lines && typeof lines !== "string") await report(list, lines, null);
}

/** Return the manifest's entry for a list; undefined if there is none. If no manifest is saved,
 * fetch it.
 * @returns {Promise<ListLine | undefined>} */
async function lineOf(/** @type {string} */ list) {
  const manifest = (await savedManifest()) ?? (await fetchManifest())?.manifest;
  return manifest?.lists.find((entry) => entry.name === list);
}

/** Report to the pages which lists the reader wants, and the number and total bytes of all saved
 * files. */
export async function reportWanted() {
  const saved = await measureSaved();
  await postToPages({ type: "wanted", lists: (await readIndex()).wanted, ...saved });
}

/** Update the saved lists once, and report the changed paths to the pages. Stop if the manifest cannot be fetched. */
async function refreshOnce() {
  const fetched = await fetchManifest();
  await postToPages({ type: "line", isOpen: fetched !== null });
  if (!fetched) return reportNetworkFault();
  const before = (await readIndex()).paths;
  await dropWithdrawn(fetched.manifest);
  const fault = await fetchWanted(fetched.manifest);
  if (!fault) {
    await changeIndex((index) => ({ ...index, manifest: fetched.text }));
    await dropUnwanted(fetched.manifest);
  }
  const now = (await readIndex()).paths;
  const paths = Object.keys(now).filter((path) => before[path] && before[path] !== now[path]);
  if (paths.length > 0) await postToPages({ type: "renewed", paths });
}

/** Report to the pages a network fault for every list that the reader wants. */
async function reportNetworkFault() {
  const manifest = await savedManifest();
  for (const name of (await readIndex()).wanted) {
    const line = manifest?.lists.find((entry) => entry.name === name);
    const lines = line && (await hasFile(line.sha256)) ? await fetchList(line) : null;
    if (lines && typeof lines !== "string") await report(name, lines, "network");
    else await reportMissingList(line ?? { name, path: "", sha256: "", files: 0, bytes: 0 }, "network");
  }
}

/** Delete the files that the manifest lists as withdrawn. This runs before other files are fetched,
 * so that a broken connection cannot delay the deletion. */
async function dropWithdrawn(/** @type {Manifest} */ manifest) {
  const withdrawn = new Map(manifest.withdrawn ?? []);
  // `t/ct02-2.html` is part 2 of `t/ct02.html`, so both are deleted together.
  const remains = (/** @type {[string, string]} */ [path, sha]) =>
    withdrawn.has(path) ? withdrawn.get(path) === sha : !withdrawn.has(path.replace(/^(t\/\w+)-\d+\.html$/, "$1.html"));
  if (Object.entries((await readIndex()).paths).every(remains)) return;
  await changeIndex((index) => {
    return { ...index, paths: Object.fromEntries(Object.entries(index.paths).filter(remains)) };
  });
  await sweep();
}

/** Fetch the missing files of the shell and of all wanted lists. Return the first fault, or null.
 * Stop at a network fault, or if a list itself cannot be fetched.
 * @returns {Promise<Fault | null>} */
async function fetchWanted(/** @type {Manifest} */ manifest) {
  /** @type {Fault | null} */
  let first = null;
  for (const name of [SHELL, ...(await readIndex()).wanted]) {
    const line = manifest.lists.find((entry) => entry.name === name);
    if (!line) continue;
    const lines = await fetchList(line);
    if (typeof lines === "string") {
      await reportMissingList(line, lines);
      return lines;
    }
    const fault = await (name === SHELL || name === KIOSK ? saveWhole(name, lines) : saveFileByFile(name, lines));
    if (fault === "network") return fault;
    first ??= fault;
  }
  return first;
}

/** Save all files of a list, then switch to all of them at once, because they work only together.
 * If a kiosk is already saved, a newer one is only saved; the switch waits for the clerk's
 * consent. Return the fault that stopped the saving, or null. */
async function saveWhole(/** @type {string} */ name, /** @type {FileLine[]} */ files) {
  for (const [path, sha256, bytes] of files) {
    const fault = (await hasFile(sha256)) ? null : await fetchFile(path, sha256, bytes);
    if (fault) return fault;
  }
  const listPaths = Object.fromEntries(files.map(([path, sha256]) => [path, sha256]));
  await changeIndex((index) => {
    const isOther = Object.keys(listPaths).some((path) => index.paths[path] !== listPaths[path]);
    const needsConsent = name === KIOSK && isOther && Object.keys(index.paths).some((path) => OF_KIOSK.test(path));
    if (needsConsent) return { ...index, next: listPaths };
    return { ...index, paths: { ...index.paths, ...listPaths }, ...(name === KIOSK ? { next: {} } : {}) };
  });
  await report(name, files, null);
  return null;
}

/** Switch to the newer kiosk, to which its clerk has consented. Do nothing if there is no newer
 * kiosk. */
export async function renew(/** @type {string} */ list) {
  await changeIndex((index) => {
    if (Object.keys(index.next).length === 0) return index;
    const otherPaths = Object.entries(index.paths).filter(([path]) => !OF_KIOSK.test(path));
    return { ...index, paths: { ...Object.fromEntries(otherPaths), ...index.next }, next: {} };
  });
  await reportSaved(list);
}

/** Save a list file by file; pages can read every file as soon as it is saved. Return the fault that
 * stopped the saving. Return null if there was no fault or if the reader has cleared the list. */
async function saveFileByFile(/** @type {string} */ name, /** @type {FileLine[]} */ files) {
  const { paths } = await readIndex();
  const rank = (/** @type {FileLine} */ [path]) => (path in paths ? 0 : 1);
  for (const [path, sha256, bytes] of [...files].sort((a, b) => rank(a) - rank(b))) {
    if (!(await readIndex()).wanted.includes(name)) return null; // the reader has cleared the list meanwhile
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

/** Delete every path and file that no wanted list of the release contains. */
async function dropUnwanted(/** @type {Manifest} */ manifest) {
  const present = new Set(manifest.lists.map((line) => line.name));
  const before = await readIndex();
  /** @type {Record<string, string>} */
  const reachable = {};
  const awaited = new Set();
  for (const line of manifest.lists.filter(({ name }) => name === SHELL || before.wanted.includes(name))) {
    reachable[line.path] = line.sha256;
    for (const [path, sha256] of (await readFile(line.sha256).then((response) => response?.json())) ?? []) {
      awaited.add(sha256);
      if (await hasFile(sha256)) reachable[path] = sha256;
    }
  }
  await changeIndex((index) => {
    // Read `wanted` now, because the reader may have added a list meanwhile.
    const wanted = index.wanted.filter((name) => present.has(name));
    if (Object.keys(index.next).length === 0) return { ...index, wanted, paths: reachable };
    // Keep all files of the current kiosk and its scanner until the clerk consents to the newer kiosk.
    const presentKiosk = Object.entries(index.paths).filter(([path]) => OF_KIOSK_OR_SCANNER.test(path));
    const otherPaths = Object.entries(reachable).filter(([path]) => !OF_KIOSK.test(path));
    return { ...index, wanted, paths: Object.fromEntries([...otherPaths, ...presentKiosk]) };
  });
  await sweep(awaited);
}

/** Report to the pages how many files and bytes of a list are saved, and the fault, if any. */
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
  await postToPages({ type: "kept", list, isWanted, done, doneBytes, files: lines.length, bytes, lines, fault, isNewer });
}

/** Report to the pages a list whose file names are unknown, because the list itself is not saved.
 * @param {ListLine} line @param {Fault | null} fault */
async function reportMissingList({ name, files, bytes }, fault) {
  const isWanted = (await readIndex()).wanted.includes(name);
  const none = { done: 0, doneBytes: 0, lines: [] };
  await postToPages({ type: "kept", list: name, isWanted, files, bytes, fault, ...none });
}

/** Send a message to all open pages of the portal and the kiosk. */
async function postToPages(/** @type {WorkerMessage} */ message) {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  const pages = await worker.clients.matchAll({ includeUncontrolled: true });
  for (const page of pages) page.postMessage(message);
}

/** Fetch the manifest, and return it both parsed and as text; null if it cannot be fetched or is
 * not a manifest.
 * @returns {Promise<{manifest: Manifest, text: string} | null>} */
async function fetchManifest() {
  const fetched = await fetchChecked(MANIFEST, null);
  if (!fetched.ok) return null;
  const text = new TextDecoder().decode(fetched.bytes);
  try {
    const manifest = JSON.parse(text);
    return Array.isArray(manifest.lists) ? { manifest, text } : null;
  } catch {
    return null; // the log-in page of a Wi-Fi network, sent with status 200
  }
}

/** Return the manifest of this device's last complete update; null before the first.
 * @returns {Promise<Manifest | null>} */
async function savedManifest() {
  const { manifest } = await readIndex();
  return manifest ? JSON.parse(manifest) : null;
}

/** Return the files of a list, or the fault if the list cannot be fetched. The list itself is saved
 * like any file, so that it can be reported offline.
 * @returns {Promise<FileLine[] | Fault>} */
async function fetchList(/** @type {ListLine} */ line) {
  const fault = (await hasFile(line.sha256)) ? null : await fetchFile(line.path, line.sha256, 0);
  return fault ?? (await readFile(line.sha256))?.json() ?? "changed";
}
