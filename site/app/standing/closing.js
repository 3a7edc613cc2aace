/** The closing: whether a point's roll is signed off, and what its signer cannot have seen. */

import { actsInPerson, byOrder } from "./facts.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").Flags} Flags
 */

/** The latest closing, unless it was reopened since. @param {string} point @param {import("./facts.js").ByKind} counting @param {Flags} flags */
export function closingOf(point, counting, flags) {
  const signed = (/** @type {string} */ kind) =>
    counting.at(point, kind).filter((fact) => {
      if (!actsInPerson(fact)) flags.add(fact.id, "without_authority");
      return actsInPerson(fact);
    });
  const closing = signed("closing").at(-1);
  const reopening = signed("reopening").at(-1);
  return !closing || (reopening && byOrder(reopening, closing) > 0) ? null : closing;
}

/** What a closing tells. @param {Fact | null} closing */
export function signedOff(closing) {
  if (closing === null) return null;
  const { record, id, atMs } = closing;
  return { id, person: record.person, atMs, totals: record.body.totals };
}

/**
 * Whether anything takes effect that the signer cannot have had before them.
 * @param {Fact | null} closing @param {{facts: Fact[], undone: [Fact, Fact][]}} inForce @param {Flags} flags
 */
export function isAmended(closing, inForce, flags) {
  if (closing === null) return false;
  const outside = (/** @type {Fact} */ fact) => isOutside(fact, closing);
  const effective = inForce.facts.filter((fact) => !flags.of([fact.id]).includes("without_authority"));
  return (
    effective.some(outside) ||
    inForce.undone.some(([fact, target]) => outside(fact) && !outside(target) && isOfRoll(target))
  );
}

/** Flag what was done in the hall after its roll had been signed off. @param {Fact | null} closing @param {Fact[]} facts @param {Flags} flags */
export function flagAfter(closing, facts, flags) {
  if (closing === null) return;
  for (const fact of facts) {
    const isHall = fact.seq > 0 && !["follow_up", "shift"].includes(fact.record.kind);
    if (isHall && byOrder(fact, closing) > 0) flags.add(fact.id, "after_close");
  }
}

/** What is of the closing itself, or belongs after it, is not. */
function isOfRoll(/** @type {Fact} */ fact) {
  return !["closing", "reopening", "follow_up", "shift"].includes(fact.record.kind);
}

/** @param {Fact} fact @param {Fact} closing */
function isOutside(fact, closing) {
  if (!isOfRoll(fact)) return false;
  if (fact.seq === 0) return byOrder(fact, closing) > 0;
  return fact.seq > (closing.record.body.seen[fact.device] ?? 0);
}
