/** Judges who chairs a meeting at one point: which officer should preside, and who presided when. */

import { isByEntitledAuthor } from "./facts.js";
import { isInAt } from "./presence.js";
import { lateAfterMs, officersAt } from "./settings.js";

/**
 * `Delegation`: the Secretary delegates the chair to a person from a time on. `Span`: a period in
 * which a person presided; `until_ms` is null if the period has no end. Times are in ms since 1970
 * UTC.
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./settings.js").Terms} Terms
 * @typedef {{from_ms: number, to: string}} Delegation
 * @typedef {{person: string, office: "secretary" | "deputy", from_ms: number, until_ms: number | null}} Span
 */

/** The delegations of the chair at one point, and the periods in which every person presided there. */
export class Chairing {
  /** @type {Delegation[]} */
  delegations = [];
  /** @type {Map<string, number>} */
  #assumedMs = new Map();
  /** @type {Map<string, [number, number | null][]>} */
  #inHall = new Map();

  /**
   * Judge the point's records of delegating and taking the chair. Flag `without_authority` on
   * records that do not count.
   * @param {string} point @param {Terms} terms @param {import("./presence.js").Stays} stays
   * @param {import("./facts.js").FactsByKind} effective @param {import("./facts.js").Flags} flags
   */
  constructor(point, terms, stays, effective, flags) {
    /** @type {Terms} */
    this.terms = terms;
    for (const fact of effective.at(point, "chair_delegation")) {
      const { secretary, deputies } = officersAt(terms, fact.atMs);
      const isSecretary = secretary !== null && fact.person === secretary;
      if (isSecretary && isByEntitledAuthor(fact) && deputies.includes(fact.record.body.to)) {
        this.delegations.push({ from_ms: fact.atMs, to: fact.record.body.to });
      } else flags.add(fact.id, "without_authority");
    }
    for (const fact of effective.at(point, "chair_assumed")) {
      const person = fact.person ?? "";
      if (!isByEntitledAuthor(fact) || !this.#mayPresideFrom(person, fact.atMs)) flags.add(fact.id, "without_authority");
      else if (!this.#assumedMs.has(person)) this.#assumedMs.set(person, fact.atMs);
    }
    for (const person of this.#assumedMs.keys()) {
      const staysHere = (stays.get(person) ?? []).filter((stay) => stay.arrival.record.point === point);
      this.#inHall.set(person, staysHere.map((stay) => [stay.cameMs, stay.leftMs]));
    }
    this.spans = this.#judgeSpans();
  }

  /** Return whether a person may preside, as Secretary or delegated Deputy, at this time or at any
   * later time. */
  #mayPresideFrom(/** @type {string} */ person, /** @type {number} */ atMs) {
    /** @type {{from_ms: number}[]} */
    const changes = [...this.terms.officers, ...this.delegations];
    const later = changes.map((change) => change.from_ms).filter((changeMs) => changeMs > atMs);
    return [atMs, ...later].some((momentMs) => this.#officersAt(momentMs).includes(person));
  }

  /** Return whether the chair is vacant at any time between the start plus grace and `endMs`. If
   * `endMs` is null, consider all later times. Return false if the meeting has no start. */
  isVacant(/** @type {number | null} */ endMs) {
    const fromMs = lateAfterMs(this.terms);
    if (fromMs === null || (endMs !== null && endMs <= fromMs)) return false;
    return [fromMs, ...this.#events().filter((eventMs) => eventMs > fromMs)].some(
      (eventMs) => (endMs === null || eventMs < endMs) && this.#presidingAt(eventMs) === null,
    );
  }

  /** Return the Secretary and the delegated Deputy at a time, in this order; null for an office
   * without a holder. */
  #officersAt(/** @type {number} */ atMs) {
    return [officersAt(this.terms, atMs).secretary, delegateAt(this.terms, this.delegations, atMs)];
  }

  #presidingAt(/** @type {number} */ atMs) {
    for (const person of this.#officersAt(atMs)) {
      const assumedMs = person === null ? undefined : this.#assumedMs.get(person);
      if (person === null || assumedMs === undefined || assumedMs > atMs) continue;
      if (isInAt(this.#inHall.get(person) ?? [], atMs)) return person;
    }
    return null;
  }

  /** Return every time at which the presiding person may change, in ascending order (ms since 1970
   * UTC). */
  #events() {
    const moments = new Set([...this.delegations.map((delegation) => delegation.from_ms), ...this.#assumedMs.values()]);
    for (const { from_ms: fromMs } of this.terms.officers) moments.add(fromMs);
    for (const momentMs of [...this.#inHall.values()].flat(2)) if (momentMs !== null) moments.add(momentMs);
    return [...moments].sort((a, b) => a - b);
  }

  #judgeSpans() {
    /** @type {Span[]} */
    const spans = [];
    const events = this.#events();
    events.forEach((fromMs, index) => {
      const untilMs = events[index + 1] ?? null;
      const person = this.#presidingAt(fromMs);
      if (person === null) return;
      const last = spans.at(-1);
      if (last?.person === person && last.until_ms === fromMs) last.until_ms = untilMs;
      else {
        const office = person === this.#officersAt(fromMs)[0] ? "secretary" : "deputy";
        spans.push({ person, office, from_ms: fromMs, until_ms: untilMs });
      }
    });
    return spans;
  }
}

/** Return the Deputy to whom the Secretary has delegated the chair by `atMs`; by default, consider
 * all delegations. Return null without a delegation, or if the delegate has since ceased to be a
 * Deputy.
 * @param {Terms} terms @param {Delegation[]} delegations @param {number} atMs @returns {string | null} */
export function delegateAt(terms, delegations, atMs = Infinity) {
  const last = delegations.filter((delegation) => delegation.from_ms <= atMs).at(-1);
  if (!last) return null;
  const since = terms.officers.filter((officers) => last.from_ms < officers.from_ms && officers.from_ms <= atMs);
  const isInOffice = [officersAt(terms, last.from_ms), ...since].every((officers) => officers.deputies.includes(last.to));
  return isInOffice ? last.to : null;
}

/** Return the chair for the standing of a point; `away` are the people who cannot preside here.
 * `named` is the Secretary or, if the Secretary is away, the delegated Deputy; null if neither is
 * available. `is_escalated` means that headquarters must act, because no officer is left.
 * @param {Terms} terms @param {Chairing} chairing @param {Set<string>} away */
export function chairOf(terms, chairing, away) {
  const { secretary, deputies } = officersAt(terms);
  const delegate = delegateAt(terms, chairing.delegations);
  const isAway = (/** @type {string | null} */ person) => person !== null && away.has(person);
  const noDeputyLeft = deputies.every((deputy) => away.has(deputy));
  return {
    secretary,
    delegate,
    named: [secretary, delegate].find((officer) => officer !== null && !away.has(officer)) ?? null,
    spans: chairing.spans,
    delegations: chairing.delegations,
    is_escalated: !terms.is_cancelled && isAway(secretary) && (isAway(delegate) || noDeputyLeft),
  };
}
