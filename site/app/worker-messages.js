/**
 * The messages that the service worker sends to the pages. A list is a named set of files in the
 * release's `manifest.json`, such as the files of one meeting.
 *
 * `kept`: how much of a list is saved, whether the reader wants the list, and the fault that stopped the
 * saving, if any. `isNewer`: a newer kiosk is saved and waits for the clerk's consent. `lines`: the files of
 * the list, empty if the list itself is not saved.
 * `wanted`: the lists that the reader wants to save, and the number and total bytes of all saved files.
 * `line`: whether the service worker has just reached the server.
 * `renewed`: paths of saved files whose content has changed.
 * @typedef {"network" | "changed" | "full"} Fault
 * @typedef {[path: string, sha256: string, bytes: number]} FileLine
 * @typedef {{type: "kept", list: string, isWanted: boolean, done: number, doneBytes: number,
 *   files: number, bytes: number, lines: FileLine[], fault: Fault | null, isNewer?: boolean}} Progress
 * @typedef {{type: "wanted", lists: string[], files: number, bytes: number}} Wanted
 * @typedef {{type: "renewed", paths: string[]}} Renewed
 * @typedef {{type: "line", isOpen: boolean}} LineState
 * @typedef {Progress | Wanted | Renewed | LineState} WorkerMessage
 */

export {};
