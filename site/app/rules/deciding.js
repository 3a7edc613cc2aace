/**
 * Decides who may approve leave requests and substitutes, and when. The standing applies these
 * rules to recorded decisions; the kiosk applies them before it offers a decision to the chair.
 */

import { delegateAt } from "./chair.js";
import { officersAt } from "./settings.js";

/**
 * @typedef {import("./settings.js").Terms} Terms
 * @typedef {{delegations: import("./chair.js").Delegation[], spans: import("./chair.js").Span[]}} ChairOverTime
 */

/** Return whether only headquarters may decide on a person's leave, or on a substitute who replaces
 * `insteadOf`. The point's settings reserve all requests, or only the requests of Secretaries
 * (checklist row 28).
 * @param {Terms} terms @param {string | null} person @param {string | null} insteadOf @param {number} atMs */
export function isReserved(terms, person, insteadOf, atMs) {
  if (terms.absence_authority === "headquarters") return true;
  const secretaries = [officersAt(terms, atMs).secretary, ...terms.roll_secretaries];
  const isOfSecretary = [person, insteadOf].some((concerned) => concerned !== null && secretaries.includes(concerned));
  return isOfSecretary && terms.secretary_authority === "headquarters";
}

/** Return whether a request concerns the decider, as the person on leave, the substitute or the
 * replaced person. Return false without a decider.
 * @param {string | null} decider @param {string | null} person @param {string | null} insteadOf */
export function isOwnRequest(decider, person, insteadOf) {
  return decider !== null && (decider === person || decider === insteadOf);
}

/**
 * Return whether a person of the point may decide on another person's request at a time.
 * `insteadOf` is the person whom a substitute replaces. Nobody may decide on a request that
 * concerns themselves. Callers must check the closing, after which nobody at the point may decide.
 * @param {Terms} terms @param {ChairOverTime} chair @param {string} decider
 * @param {string | null} person @param {string | null} insteadOf @param {number} atMs
 */
export function allows(terms, chair, decider, person, insteadOf, atMs) {
  if (isOwnRequest(decider, person, insteadOf) || isReserved(terms, person, insteadOf, atMs)) return false;
  return isDeciding(terms, chair, decider, atMs);
}

/**
 * Return whether a person may decide on requests at a time. Before the start, the Secretary and
 * the delegated Deputy may decide; from the start on, only the person who presides.
 * @param {Terms} terms @param {ChairOverTime} chair @param {string} person @param {number} atMs
 */
function isDeciding(terms, chair, person, atMs) {
  if (terms.starts_ms === null || atMs < terms.starts_ms) {
    return person === officersAt(terms, atMs).secretary || person === delegateAt(terms, chair.delegations, atMs);
  }
  return chair.spans.some(
    (span) => span.person === person && span.from_ms <= atMs && (span.until_ms === null || atMs < span.until_ms),
  );
}
