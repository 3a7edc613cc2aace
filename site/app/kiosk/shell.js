/**
 * The kiosk's own page and code, as the service worker keeps them: whether they would open without
 * a line, and whether a newer version waits. That one never takes over by itself.
 */

import { useEffect, useState } from "preact/hooks";

export const SHELL_LIST = "kiosk";
export const SCANNER_LIST = "scanner";

/** @typedef {import("../progress.js").Progress} Progress */

/** Have the worker keep the kiosk. */
export function keepShell() {
  if (!("serviceWorker" in navigator) || location.protocol === "file:") return;
  void navigator.serviceWorker.register("../sw.js");
  const keep = () => wish("keep", SHELL_LIST);
  keep();
  addEventListener("online", keep); // a first visit that was cut goes on
}

/** @param {string} type @param {string} list */
export function wish(type, list) {
  void navigator.serviceWorker?.ready.then((ready) => ready.active?.postMessage({ type, list }));
}

/**
 * How far a list is kept.
 * @param {string} list @returns {{isKept: boolean, isNewer: boolean}}
 */
export function useKept(list) {
  const [state, setState] = useState({ isKept: false, isNewer: false });
  useEffect(() => {
    if (!navigator.serviceWorker) return undefined;
    const listen = (/** @type {MessageEvent<Progress>} */ event) => {
      const { type, list: told, done, files, isNewer } = event.data;
      if (type === "kept" && told === list) setState({ isKept: files > 0 && done === files, isNewer: isNewer ?? false });
    };
    navigator.serviceWorker.addEventListener("message", listen);
    wish("state", list);
    return () => navigator.serviceWorker.removeEventListener("message", listen);
  }, [list]);
  return state;
}

/** Let the newer version take over, with the clerk's consent. */
export function renewShell() {
  navigator.serviceWorker.addEventListener("message", ({ data }) => {
    if (data.type === "kept" && data.list === SHELL_LIST && !data.isNewer) location.reload();
  });
  wish("renew", SHELL_LIST);
}
