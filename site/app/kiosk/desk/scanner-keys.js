/** Catches the codes that a USB scanner types while the search field does not have the focus, so
 * that no scan is lost, presses a button or ends up in a form. */

/** The longest time between two keys of a scanner. People take 60 ms and more. */
const LONGEST_PAUSE_MS = 50;

/**
 * Call `onCode` with every code that is typed as fast as a scanner types, and ended with Enter,
 * outside the search field or behind a text in it. The code is removed from the field that
 * received it.
 * @param {(text: string) => boolean} isCode @param {(code: string) => void} onCode
 * @returns {() => void} stops catching
 */
export function catchScans(isCode, onCode) {
  let typed = "";
  let latestMs = 0;

  function listen(/** @type {KeyboardEvent} */ event) {
    const isFast = event.timeStamp - latestMs < LONGEST_PAUSE_MS;
    latestMs = event.timeStamp;
    if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) {
      typed = isFast ? typed + event.key : event.key;
      return;
    }
    if (event.key === "Shift") return; // a scanner types capitals with it
    const code = typed;
    typed = "";
    if (event.key !== "Enter" || !isFast || !isCode(code)) return;
    const field = event.target;
    const isField = field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement;
    if (isField && field.type === "search" && field.value.trim() === code) return; // the form takes it
    event.preventDefault();
    event.stopPropagation();
    if (isField) removeFrom(field, code);
    onCode(code);
  }

  addEventListener("keydown", listen, true);
  return () => removeEventListener("keydown", listen, true);
}

/** Remove a code from a field, and report the change as if the clerk had deleted it.
 * @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} code */
function removeFrom(field, code) {
  const at = field.value.lastIndexOf(code);
  if (at < 0) return;
  field.value = field.value.slice(0, at) + field.value.slice(at + code.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
