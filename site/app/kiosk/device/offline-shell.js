/**
 * Reports whether the service worker has saved the kiosk's page and code, so that they open
 * offline, and whether a newer version waits. A newer version is used only after the clerk
 * consents.
 */

import { useEffect, useState } from "preact/hooks";

export const SHELL_LIST = "kiosk";
export const SCANNER_LIST = "scanner";

/** @typedef {import("../../worker-messages.js").Progress} Progress */

/** Ask the service worker to save the kiosk, now and whenever the browser goes online. Do nothing
 * if the browser has no service workers. */
export function saveShell() {
  if (!("serviceWorker" in navigator) || location.protocol === "file:") return;
  void navigator.serviceWorker.register("../sw.js");
  const keep = () => askWorker("keep", SHELL_LIST);
  keep();
  addEventListener("online", keep); // continues a first save that was interrupted
}

/** Send the service worker a message about a list of files. Do nothing if the browser has no
 * service workers.
 * @param {string} type @param {string} list */
export function askWorker(type, list) {
  void navigator.serviceWorker?.ready.then((registration) => registration.active?.postMessage({ type, list }));
}

/**
 * Return how many of a list's files this device has saved, and whether a newer version is ready;
 * redraw the component on changes. If the portal has not published the list, `files` is 0.
 * @param {string} list
 * @returns {{isKept: boolean, isNewer: boolean, isWanted: boolean, done: number, files: number}}
 */
export function useSavedState(list) {
  const [state, setState] = useState({ isKept: false, isNewer: false, isWanted: false, done: 0, files: 0 });
  useEffect(() => {
    if (!navigator.serviceWorker) return undefined;
    const listen = (/** @type {MessageEvent<Progress>} */ event) => {
      const { type, list: reportedList, done, files, isWanted, isNewer = false } = event.data;
      if (type === "kept" && reportedList === list) setState({ isKept: files > 0 && done === files, isNewer, isWanted, done, files });
    };
    navigator.serviceWorker.addEventListener("message", listen);
    askWorker("state", list);
    return () => navigator.serviceWorker.removeEventListener("message", listen);
  }, [list]);
  return state;
}

/** Switch to the newer version and reload the page, after the clerk has consented. */
export function renewShell() {
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.type === "kept" && data.list === SHELL_LIST && !data.isNewer) location.reload();
  });
  askWorker("renew", SHELL_LIST);
}
