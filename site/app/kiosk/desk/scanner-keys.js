/** Catches the codes that a USB scanner types while the search field does not have the focus, so
 * that no scan is lost, presses a button or ends up in a form. */

/** A key and the time at which it was pressed, in ms.
 * @typedef {[key: string, atMs: number]} Key */

/** The longest average and the longest single time between two keys of a scanner. Cheap scanners
 * are slow, and a busy laptop makes them stutter; only a code of this hall's list counts. */
const AVERAGE_PAUSE_MS = 85;
const LONGEST_PAUSE_MS = 200;
/** The shortest code, in letters, that is taken for a scan although it is in no list. */
const SHORTEST_FOREIGN = 6;

/**
 * Call `onCode` with every code that is typed as fast as a scanner types, and ended with Enter,
 * outside the search field or behind a text in it. The code is removed from the field that
 * received it, unless the field asks for a code (`data-code`).
 * @param {(text: string) => boolean} isCode @param {(code: string) => void} onCode
 * @returns {() => void} stops catching
 */
export function catchScans(isCode, onCode) {
  /** @type {Key[]} */
  let keys = [];
  /** The field that has the focus, and its value before the first of the keys.
   * @type {{field: EventTarget | null, value: string}} */
  let before = { field: null, value: "" };

  function listen(/** @type {KeyboardEvent} */ event) {
    if (event.repeat || event.timeStamp - (keys.at(-1)?.[1] ?? 0) > LONGEST_PAUSE_MS) keys = [];
    if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) {
      if (keys.length === 0) before = { field: event.target, value: valueOf(event.target) };
      keys.push([event.key, event.timeStamp]);
      return;
    }
    if (event.key === "Shift") return; // a scanner types capitals with it
    const field = event.target;
    const isText = field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && TEXT_TYPES.has(field.type));
    // A foreign code must press no button and change no list; in a text it may be meant.
    const isMeant = (/** @type {string} */ text) => isCode(text) || (!isText && text.length >= SHORTEST_FOREIGN);
    const code = event.key === "Enter" ? scannedCode(keys, event.timeStamp, isMeant) : "";
    keys = [];
    if (!code) return;
    const isField = isText || field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isField && field.type === "search" && field.value.trim() === code) {
      field.dataset.scanned = code;
      return; // the form takes it
    }
    event.preventDefault();
    event.stopPropagation();
    if (isField && field.dataset.code !== undefined) return; // the clerk scans into this field
    if (isText) removeFrom(/** @type {HTMLInputElement} */ (field), code);
    else if (isField && before.field === field) putBack(/** @type {HTMLInputElement} */ (field), before.value);
    onCode(code);
  }

  addEventListener("keydown", listen, true);
  return () => removeEventListener("keydown", listen, true);
}

/** The types of input fields into which a scanner's letters are written as they are. */
const TEXT_TYPES = new Set(["text", "search", "tel", "url", "email", "password"]);

function valueOf(/** @type {EventTarget | null} */ field) {
  return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "";
}

/** Give a list or a field such as a time its value from before a scan.
 * @param {HTMLInputElement | HTMLSelectElement} field @param {string} value */
function putBack(field, value) {
  if (field.value === value) return;
  field.value = value;
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
}

/** Return the code at the end of the keys, if it was typed at a scanner's speed; else "".
 * @param {Key[]} keys @param {number} endMs time of the Enter key
 * @param {(text: string) => boolean} isCode */
export function scannedCode(keys, endMs, isCode) {
  const typed = keys.map(([key]) => key).join("");
  const place = keys.findIndex(([, atMs], at) => endMs - atMs <= AVERAGE_PAUSE_MS * (keys.length - at) && isCode(typed.slice(at)));
  return place < 0 ? "" : typed.slice(place);
}

/** Remove a code from a field, and report the change as if the clerk had deleted it.
 * @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} code */
function removeFrom(field, code) {
  const at = field.value.lastIndexOf(code);
  if (at < 0) return;
  field.value = field.value.slice(0, at) + field.value.slice(at + code.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
