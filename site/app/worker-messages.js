/**
 * The messages that the service worker sends to the pages. A list is a named set of files in the
 * release's `manifest.json`, such as those of one meeting.
 *
 * `kept`: how much of a list is saved, whether the reader wants it, and any fault that stopped it;
 * `isNewer`: a newer kiosk waits for consent; `lines`: the files of the list, empty if the list
 * itself is not saved.
 * `wanted`: the lists that the reader saves, and the number and bytes of all saved files.
 * `line`: whether the server could be reached just now.
 * `renewed`: paths whose bytes have changed.
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
