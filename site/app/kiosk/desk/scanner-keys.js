/** Catches the codes that a USB scanner types, so that no scan is lost, presses a button, submits a
 * form or ends up in one. */

/** A key and the time at which it was pressed, in ms.
 * @typedef {[key: string, atMs: number]} Key */

/** The longest average and the longest single time between two keys of a scanner. Cheap scanners
 * are slow, and a busy laptop makes them stutter; only a code of this hall's list counts. */
const AVERAGE_PAUSE_MS = 85;
const LONGEST_PAUSE_MS = 200;
/** The longest time between two keys at which nobody types several letters by hand. In a text, only
 * what is typed as fast is taken for a foreign code. */
const FAST_PAUSE_MS = 50;
/** The shortest code, in letters, that is taken for a scan although it is in no list. */
const SHORTEST_FOREIGN = 6;
/** What is taken for a foreign code in a search, where Enter records a person: a number, which could
 * be a part of somebody's code. Words only search. */
const NUMBER = /^\d{2,}$/;
/** The most letters that a scanner types before a code, such as the symbology identifier `]Q3`. */
const LONGEST_PREFIX = 4;

/** The last keys. A scan may begin at the lock, and end on the desk that has just been opened.
 * @type {Key[]} */
let keys = [];
/** The field that has the focus, and its value before the first of the keys.
 * @type {{field: EventTarget | null, value: string}} */
let before = { field: null, value: "" };
let scannedAtMs = -Infinity;

/**
 * Call `onCode` with every code that is typed as fast as a scanner types, and ended with Enter or
 * Tab. The code is removed from the field that received it, unless the field asks for a code
 * (`data-code`). A second Enter, of scanners that send CR and LF, is ignored.
 * @param {(text: string) => boolean} isCode @param {(code: string) => void} onCode
 * @returns {() => void} stops catching
 */
export function catchScans(isCode, onCode) {
  function listen(/** @type {KeyboardEvent} */ event) {
    const isLineFeed = event.key === "Enter" || (event.ctrlKey && event.key === "j");
    if (isLineFeed && event.timeStamp - scannedAtMs < LONGEST_PAUSE_MS) return stop(event);
    if (event.key !== "Control") scannedAtMs = -Infinity;
    if (event.repeat || event.timeStamp - (keys.at(-1)?.[1] ?? 0) > LONGEST_PAUSE_MS) keys = [];
    if (event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey) {
      if (keys.length === 0) before = { field: event.target, value: valueOf(event.target) };
      keys.push([event.key, event.timeStamp]);
      return;
    }
    if (event.key === "Shift") return; // a scanner types capitals with it
    const field = event.target;
    const isText = field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && TEXT_TYPES.has(field.type));
    const kind = !isText ? "other" : field.type === "search" ? "search" : "text";
    const isEnd = event.key === "Enter" || event.key === "Tab";
    const scan = isEnd ? scanAtEnd(keys, event.timeStamp, isCode, kind) : null;
    keys = [];
    if (!scan) return;
    scannedAtMs = event.timeStamp;
    stop(event);
    const isField = isText || field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isText && field.dataset.code !== undefined) { // the clerk scans into this field
      if (scan.typed !== scan.code) putBack(/** @type {HTMLInputElement} */ (field), field.value.replace(scan.typed, scan.code));
      return;
    }
    if (isText) removeFrom(/** @type {HTMLInputElement} */ (field), scan.typed);
    else if (isField && before.field === field) putBack(/** @type {HTMLInputElement} */ (field), before.value);
    onCode(scan.code);
  }

  addEventListener("keydown", listen, true);
  return () => removeEventListener("keydown", listen, true);
}

/** The types of input fields into which a scanner's letters are written as they are. */
const TEXT_TYPES = new Set(["text", "search", "tel", "url", "email", "password"]);

function valueOf(/** @type {EventTarget | null} */ field) {
  return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "";
}

/** Give a field a value, such as that from before a scan.
 * @param {HTMLInputElement | HTMLSelectElement} field @param {string} value */
function putBack(field, value) {
  if (field.value === value) return;
  field.value = value;
  for (const type of ["input", "change"]) field.dispatchEvent(new Event(type, { bubbles: true }));
}

/** Return the scan at the end of the keys, or null if the keys were typed by hand. `code` is the code
 * without the scanner's prefix, and `typed` all that the scanner typed. Foreign codes count, too,
 * because they must press no button; but not in a text, unless they are typed very fast.
 * @param {Key[]} keys @param {number} endMs time of the key that ends the scan
 * @param {(text: string) => boolean} isCode
 * @param {"text" | "search" | "other"} kind where the focus is: in a text, a search, or elsewhere
 * @returns {{code: string, typed: string} | null} */
export function scanAtEnd(keys, endMs, isCode, kind) {
  const letters = keys.map(([key]) => key).join("");
  const isAsQuick = (/** @type {number} */ at) => endMs - keys[at][1] <= AVERAGE_PAUSE_MS * (keys.length - at);
  const codeAt = keys.findIndex((_, at) => isAsQuick(at) && isCode(letters.slice(at)));
  const paceMs = codeAt < 0 ? 0 : (endMs - keys[codeAt][1]) / (keys.length - codeAt);
  const fastAt = startOfFastKeys(keys, codeAt < 0 ? keys.length : codeAt, codeAt < 0 ? endMs : keys[codeAt][1], Math.max(FAST_PAUSE_MS, 1.5 * paceMs));
  if (codeAt >= 0 && codeAt - fastAt <= LONGEST_PREFIX) return { code: letters.slice(codeAt), typed: letters.slice(fastAt) };
  const quickAt = kind === "other" ? keys.findIndex((_, at) => isAsQuick(at)) : -1;
  const foreign = letters.slice(quickAt < 0 ? fastAt : Math.min(fastAt, quickAt));
  const isScan = kind === "search" ? NUMBER.test(foreign) : foreign.length >= SHORTEST_FOREIGN;
  return isScan ? { code: foreign, typed: foreign } : null;
}

/** Return the place of the first key from which on all keys before `end` followed each other within
 * `pauseMs`.
 * @param {Key[]} keys @param {number} end @param {number} endMs time of the key at `end` @param {number} pauseMs */
function startOfFastKeys(keys, end, endMs, pauseMs) {
  let at = end;
  for (let nextMs = endMs; at > 0 && nextMs - keys[at - 1][1] <= pauseMs; at -= 1) nextMs = keys[at - 1][1];
  return at;
}

function stop(/** @type {Event} */ event) {
  event.preventDefault();
  event.stopPropagation();
}

/** Remove a code from a field, and report the change as if the clerk had deleted it. In a search, all
 * else is removed, too: the clerk has stopped searching.
 * @param {HTMLInputElement | HTMLTextAreaElement} field @param {string} code */
function removeFrom(field, code) {
  const at = field.value.lastIndexOf(code);
  if (at < 0) return;
  field.value = field.type === "search" ? "" : field.value.slice(0, at) + field.value.slice(at + code.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
