/** Shows parts of the desk whose module is loaded when one of them is first opened. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { say } from "../words/messages.js";

export const loadRooms = () => import("./lazy-rooms.js");

/**
 * Show a part of the page whose module is loaded when the part is first opened. If the module
 * cannot be loaded, show a notice.
 * @param {{which: Exclude<keyof typeof import("./lazy-rooms.js"), "default">, props: object}} props
 */
export function LazyPart({ which, props }) {
  const [View, setView] = useState(/** @type {import("preact").ComponentType<any> | null} */ (null));
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    loadRooms().then(
      (rooms) => setView(() => /** @type {any} */ (rooms[which])),
      () => setMissing(true),
    );
  }, [which]);
  if (isMissing) return html`<p class="notice" role="alert">${say("room.missing")}</p>`;
  return View && html`<${View} ...${props} />`;
}
