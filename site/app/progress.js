/**
 * What the service worker tells the pages of a list that it keeps.
 * @typedef {{type: "kept", list: string, done: number, files: number, bytes: number,
 *   fault: string | null}} Progress
 */

export {};
