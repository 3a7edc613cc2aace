/**
 * Tells which person may decide on a request or a substitute, and when. Judging asks this of
 * decisions that were made; the kiosk asks, before one is made, whether the chair may make it.
 */

import { delegateAt } from "./chair.js";
import { officersAt } from "./settings.js";

/**
 * @typedef {import("./settings.js").Terms} Terms
 * @typedef {{delegations: import("./chair.js").Delegation[], spans: import("./chair.js").Span[]}} ChairOverTime
 */

/** Return whether only headquarters decides on a person's leave, or on a substitute who comes
 * `insteadOf` a person: on everybody's or on Secretaries', by the settings (checklist row 28).
 * @param {Terms} terms @param {string | null} person @param {string | null} insteadOf @param {number} atMs */
export function isReserved(terms, person, insteadOf, atMs) {
  if (terms.absence_authority === "headquarters") return true;
  const secretaries = [officersAt(terms, atMs).secretary, ...terms.roll_secretaries];
  const isOfSecretary = [person, insteadOf].some((concerned) => concerned !== null && secretaries.includes(concerned));
  return isOfSecretary && terms.secretary_authority === "headquarters";
}

/** Return whether a request is about the decider: their leave, or a substitute by or for them.
 * @param {string | null} decider @param {string | null} person @param {string | null} insteadOf */
export function isOwnRequest(decider, person, insteadOf) {
  return decider !== null && (decider === person || decider === insteadOf);
}

/**
 * Return whether a person of the point may decide on another person's request at a time.
 * `insteadOf` is the person whom a substitute replaces. Nobody decides on a request that concerns
 * themselves. The closing is not considered: after it nobody at the point decides.
 * @param {Terms} terms @param {ChairOverTime} chair @param {string} decider
 * @param {string | null} person @param {string | null} insteadOf @param {number} atMs
 */
export function allows(terms, chair, decider, person, insteadOf, atMs) {
  if (isOwnRequest(decider, person, insteadOf) || isReserved(terms, person, insteadOf, atMs)) return false;
  return isDeciding(terms, chair, decider, atMs);
}

/**
 * Return whether a person holds the decision at a time: before the start the Secretary and, once
 * delegated, the Deputy; from the start on the person who presides.
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
