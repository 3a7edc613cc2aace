/**
 * What the service worker tells the pages.
 *
 * `kept`: how far a list of the manifest is kept, whether the reader wants it, why it stands still if
 * it does; `isNewer` says that a newer version of the kiosk is here and waits for consent; `lines` is what each of its files is now, empty where the list itself is not here. `wanted`: which lists the reader keeps, and the bytes of
 * all that is kept. `line`: whether the server could be reached just now. `renewed`: paths that are answered with other bytes than before.
 * @typedef {"network" | "changed" | "full"} Fault
 * @typedef {[path: string, sha256: string, bytes: number]} FileLine
 * @typedef {{type: "kept", list: string, isWanted: boolean, done: number, doneBytes: number,
 *   files: number, bytes: number, lines: FileLine[], fault: Fault | null, isNewer?: boolean}} Progress
 * @typedef {{type: "wanted", lists: string[], files: number, bytes: number}} Wanted
 * @typedef {{type: "renewed", paths: string[]}} Renewed
 * @typedef {{type: "line", isOpen: boolean}} LineState
 * @typedef {Progress | Wanted | Renewed | LineState} Told
 */

export {};
