/** Shows the button that takes back what was recorded in the hall. */

import { html } from "htm/preact";

import { roomText } from "../words/room-messages.js";

/** @typedef {import("../types.js").LedgerRecord} LedgerRecord */

/** Show a button that voids the matching records. Show nothing if this desk may void none of them.
 * @param {{desk: import("../desk/desk.js").Desk, isMeant: (record: LedgerRecord) => boolean}} props */
export function TakeBack({ desk, isMeant }) {
  const targets = desk.undoableRecords(isMeant);
  return targets.length > 0 && html`<button onClick=${() => desk.undo(targets)}>${roomText("take_back")}</button>`;
}
