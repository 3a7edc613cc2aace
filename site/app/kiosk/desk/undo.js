/** Offers to undo the latest action, for half a minute. */

import { html } from "htm/preact";
import { useEffect } from "preact/hooks";

import { say } from "../words/messages.js";

const UNDO_MS = 30_000; // later, the clerk can still undo the action in the person's sheet

/** Show a button that undoes the latest action, and hide it after 30 s. With `saysSaved`, say before
 * the button that the action was saved. Show nothing if there is no such action.
 * @param {{desk: import("./desk.js").Desk, saysSaved: boolean}} props */
export function UndoLatest({ desk, saysSaved }) {
  const { ids, label } = desk.lastAction;
  useEffect(() => {
    if (!label) return undefined;
    const timer = setTimeout(() => desk.forgetLastAction(), UNDO_MS);
    return () => clearTimeout(timer);
  }, [desk, desk.lastAction]);
  const undoableRecords = label ? desk.undoableRecords((record) => ids.includes(record.id)) : [];
  if (undoableRecords.length === 0) return null;
  const undoLabel = say("undo", { name: label });
  return html`${saysSaved && html`<p class="muted" role="status">✓ ${say("saved", { name: label })}</p>`}
    <button class="undo" title=${undoLabel} onClick=${() => desk.undo(undoableRecords)}>↶ <span>${undoLabel}</span></button>`;
}
