/** Finds the closing that signs off a point's roll, and detects changes that its signer had not
 * seen. */

import { isByEntitledAuthor, byOrder, happenedMs } from "./facts.js";
import { officersAt } from "./settings.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").Flags} Flags
 */

/** Return the closing in force, or null: the first valid closing after the last reopening. Only an
 * officer at that time or a person on the roll may sign. Flag `already_closed` or
 * `without_authority` on records that do not count.
 * @param {string} point @param {import("./settings.js").Terms} terms @param {import("./settings.js").Rolls} rolls
 * @param {import("./facts.js").FactsByKind} effective @param {Flags} flags */
export function closingOf(point, terms, rolls, effective, flags) {
  /** @type {Fact | null} */
  let closing = null;
  for (const fact of [...effective.at(point, "closing"), ...effective.at(point, "reopening")].sort(byOrder)) {
    if (!isByEntitledAuthor(fact)) flags.add(fact.id, "without_authority");
    else if (fact.record.kind === "reopening") closing = null;
    else if (!maySign(fact, terms, rolls)) flags.add(fact.id, "without_authority");
    else if (closing) flags.add(fact.id, "already_closed");
    else closing = fact;
  }
  return closing;
}

/** Return whether the signer of a closing was an officer at that time or is on the roll.
 * @param {Fact} fact @param {import("./settings.js").Terms} terms @param {import("./settings.js").Rolls} rolls */
function maySign({ person = "", atMs }, terms, rolls) {
  const { secretary, deputies } = officersAt(terms, atMs);
  return person === secretary || deputies.includes(person) || rolls.lines.has(person);
}

/** Return whether a check-in does not count because it is later than both the meeting's end and the
 * closing. Return false without an end or a closing.
 * @param {Fact} fact @param {import("./settings.js").Terms} terms @param {Fact | null} closing */
export function isTooLate(fact, terms, closing) {
  const isAfterEnd = terms.ends_ms !== null && happenedMs(fact) > terms.ends_ms;
  return isAfterEnd && closing !== null && byOrder(fact, closing) > 0;
}

/** The counts that must be those that were signed. Lateness is left out, because a corrected clock
 * changes it, and unexcused absences, because the closing turns everybody without a record into one. */
const SIGNED = ["present", "absent_excused", "guests", "substitutes"];

/** Return a closing's id, signer, time (ms since 1970 UTC) and totals for the standing; null
 * without a closing.
 * @param {Fact | null} closing */
export function signedClosingOf(closing) {
  if (closing === null) return null;
  const { record, id, atMs } = closing;
  return { id, person: record.person, at_ms: atMs, totals: record.body.totals };
}

/**
 * Return whether the roll has changed since the closing: by a valid fact that its signer had not
 * seen, by a void of a fact that the signer had seen, or because the counts are no longer those that
 * were signed. Return false without a closing.
 * `inForce.undone` pairs every void with the fact that it removed.
 * @param {Fact | null} closing @param {{facts: Fact[], undone: [Fact, Fact][]}} inForce
 * @param {Set<Fact>} withoutEffect @param {Flags} flags @param {Record<string, number>} counts
 */
export function isAmended(closing, inForce, withoutEffect, flags, counts) {
  if (closing === null) return false;
  const signed = closing.record.body.totals;
  if (SIGNED.some((name) => (signed[name] ?? counts[name]) !== counts[name])) return true;
  const isUnseen = (/** @type {Fact} */ fact) => isUnseenBySigner(fact, closing);
  const effective = inForce.facts.filter((fact) => !withoutEffect.has(fact) && !flags.of([fact.id]).includes("without_authority"));
  return (
    effective.some(isUnseen) ||
    inForce.undone.some(([fact, target]) => isUnseen(fact) && !isUnseen(target) && isCoveredByClosing(target))
  );
}

/** Flag `after_close` on facts that a device recorded after the closing. Follow-ups, feedback and
 * shifts get no flag.
 * @param {Fact | null} closing @param {Fact[]} facts @param {Flags} flags */
export function flagRecordsAfterClosing(closing, facts, flags) {
  if (closing === null) return;
  for (const fact of facts) {
    const isHall = fact.seq > 0 && !["follow_up", "feedback", "shift"].includes(fact.record.kind);
    if (isHall && byOrder(fact, closing) > 0) flags.add(fact.id, "after_close");
  }
}

/** Return whether a closing covers this kind of fact. Closings, reopenings, follow-ups, feedback
 * and shifts are not covered. */
function isCoveredByClosing(/** @type {Fact} */ fact) {
  return !["closing", "reopening", "follow_up", "feedback", "shift"].includes(fact.record.kind);
}

/** Return whether a closing covers this kind of fact but its signer had not seen the fact. A
 * closing stores the last `seq` that its signer had seen of every device. Nobody has seen a fact
 * that is later than the closing. Of the office's facts (`seq` 0), only the time counts.
 * @param {Fact} fact @param {Fact} closing */
function isUnseenBySigner(fact, closing) {
  if (!isCoveredByClosing(fact)) return false;
  return byOrder(fact, closing) > 0 || fact.seq > (closing.record.body.seen[fact.device] ?? 0);
}
