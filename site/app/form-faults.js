/** Says in Vietnamese what is wrong with a field of a form, whatever the browser's own language. */

import { form as words } from "../messages.vi.json";
import { fill } from "./words.js";

/** Let the browser show our words when it refuses to send a form. */
export function explainFormFaults() {
  document.addEventListener("invalid", ({ target }) => {
    if (!isField(target)) return;
    target.setCustomValidity(""); // an earlier message would hide what is wrong now
    if (!target.validity.valid) target.setCustomValidity(faultOf(target));
  }, true);
  for (const type of ["input", "change"]) {
    document.addEventListener(type, ({ target }) => isField(target) && target.setCustomValidity(""), true);
  }
}

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

/** @param {EventTarget | null} target @returns {target is Field} */
function isField(target) {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}

/** Return what is wrong with a field, and what is wanted. @param {Field} field */
function faultOf(field) {
  const { validity, type } = field;
  const { min = "", max = "" } = field instanceof HTMLInputElement ? field : {};
  if (validity.valueMissing) return words[type === "checkbox" || type === "radio" ? "tick" : field.tagName === "SELECT" ? "choose" : "missing"];
  const isNumber = type === "number";
  if (validity.rangeUnderflow) return fill(words[isNumber ? "too_low" : "too_early"], { min: shown(min, type) });
  if (validity.rangeOverflow) return fill(words[isNumber ? "too_high" : "too_late"], { max: shown(max, type) });
  if (validity.tooShort && "minLength" in field) return fill(words.too_short, { n: field.minLength });
  if (validity.patternMismatch && field.value.trim() === "") return words.missing;
  return field.title || words.wrong; // a field with a pattern says in its title what is wanted
}

/** Return a bound as it is written in Vietnam: a date as `28/11/2026`. @param {string} bound @param {string} type */
function shown(bound, type) {
  return type === "date" ? bound.split("-").reverse().join("/") : bound;
}
