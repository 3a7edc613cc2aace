/** The closing that signs off a point's roll, and the facts that its signer cannot have seen. */

import { actsInPerson, byOrder } from "./facts.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").Flags} Flags
 */

/** Return the latest closing; null if there is none or a later reopening.
 * @param {string} point @param {import("./facts.js").FactsByKind} effective @param {Flags} flags */
export function closingOf(point, effective, flags) {
  const attestedFacts = (/** @type {string} */ kind) =>
    effective.at(point, kind).filter((fact) => {
      if (!actsInPerson(fact)) flags.add(fact.id, "without_authority");
      return actsInPerson(fact);
    });
  const closing = attestedFacts("closing").at(-1);
  const reopening = attestedFacts("reopening").at(-1);
  return !closing || (reopening && byOrder(reopening, closing) > 0) ? null : closing;
}

/** Return the fields of a closing that the standing shows. @param {Fact | null} closing */
export function signedClosingOf(closing) {
  if (closing === null) return null;
  const { record, id, atMs } = closing;
  return { id, person: record.person, at_ms: atMs, totals: record.body.totals };
}

/**
 * Return whether any fact in force was unknown to the signer of the closing.
 * @param {Fact | null} closing @param {{facts: Fact[], undone: [Fact, Fact][]}} inForce @param {Flags} flags
 */
export function isAmended(closing, inForce, flags) {
  if (closing === null) return false;
  const isUnseen = (/** @type {Fact} */ fact) => isUnseenBySigner(fact, closing);
  const effective = inForce.facts.filter((fact) => !flags.of([fact.id]).includes("without_authority"));
  return (
    effective.some(isUnseen) ||
    inForce.undone.some(([fact, target]) => isUnseen(fact) && !isUnseen(target) && isOfRoll(target))
  );
}

/** Flag facts that a device recorded after the closing.
 * @param {Fact | null} closing @param {Fact[]} facts @param {Flags} flags */
export function flagAfter(closing, facts, flags) {
  if (closing === null) return;
  for (const fact of facts) {
    const isHall = fact.seq > 0 && !["follow_up", "shift"].includes(fact.record.kind);
    if (isHall && byOrder(fact, closing) > 0) flags.add(fact.id, "after_close");
  }
}

/** Return whether a fact belongs to the roll: not to the closing itself or the time after it. */
function isOfRoll(/** @type {Fact} */ fact) {
  return !["closing", "reopening", "follow_up", "shift"].includes(fact.record.kind);
}

/** Return whether a fact of the roll was unknown to the closing's signer.
 * @param {Fact} fact @param {Fact} closing */
function isUnseenBySigner(fact, closing) {
  if (!isOfRoll(fact)) return false;
  if (fact.seq === 0) return byOrder(fact, closing) > 0;
  return fact.seq > (closing.record.body.seen[fact.device] ?? 0);
}
