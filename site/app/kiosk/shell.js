/** Whether this page itself would open without a line, as the service worker tells it. */

import { useEffect, useState } from "preact/hooks";

/** @typedef {import("../progress.js").Progress} Progress */

/** @returns {boolean} */
export function useKeptShell() {
  const [isKept, setKept] = useState(false);
  useEffect(() => {
    if (!navigator.serviceWorker) return undefined;
    const listen = (/** @type {MessageEvent<Progress>} */ event) => {
      const { type, list, done, files } = event.data;
      if (type === "kept" && list === "shell") setKept(done === files);
    };
    navigator.serviceWorker.addEventListener("message", listen);
    void navigator.serviceWorker.ready.then((ready) =>
      ready.active?.postMessage({ type: "state", list: "shell" }),
    );
    return () => navigator.serviceWorker.removeEventListener("message", listen);
  }, []);
  return isKept;
}
