/** The chair: who presides at a point at each moment, and who decides there. */

import { actsInPerson } from "./facts.js";
import { isInAt } from "./presence.js";
import { lateAfterMs, officersAt } from "./settings.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./settings.js").Terms} Terms
 * @typedef {{person: string, office: "secretary" | "deputy", fromMs: number, untilMs: number | null}} Span
 */

/** The chair's layer: judged once for a point, then asked for any moment. */
export class Chairing {
  /** @type {Fact[]} */
  #delegations = [];
  /** @type {Map<string, number>} */
  #assumedMs = new Map();
  /** @type {Map<string, [number, number | null][]>} */
  #inHall = new Map();

  /**
   * @param {string} point @param {Terms} terms @param {import("./presence.js").Stays} stays
   * @param {import("./facts.js").ByKind} counting @param {import("./facts.js").Flags} flags
   */
  constructor(point, terms, stays, counting, flags) {
    this.terms = terms;
    for (const fact of counting.at(point, "chair_delegation")) {
      const { secretary, deputies } = officersAt(terms, fact.atMs);
      const isSecretary = secretary !== null && fact.person === secretary;
      if (isSecretary && actsInPerson(fact) && deputies.includes(fact.record.body.to)) {
        this.#delegations.push(fact);
      } else flags.add(fact.id, "without_authority");
    }
    const secretaries = terms.officers.map((each) => each.secretary);
    const may = new Set([...secretaries, ...this.#delegations.map((fact) => fact.record.body.to)]);
    for (const fact of counting.at(point, "chair_assumed")) {
      const person = fact.person ?? "";
      if (!actsInPerson(fact) || !may.has(person)) flags.add(fact.id, "without_authority");
      else if (!this.#assumedMs.has(person)) this.#assumedMs.set(person, fact.atMs);
    }
    for (const person of this.#assumedMs.keys()) {
      const here = (stays.get(person) ?? []).filter((stay) => stay.arrival.record.point === point);
      this.#inHall.set(person, here.map((stay) => [stay.cameMs, stay.leftMs]));
    }
    this.spans = this.#judgeSpans();
  }

  /** Whom the Secretary has named last. @returns {string | null} */
  get delegate() {
    return this.#delegations.at(-1)?.record.body.to ?? null;
  }

  /** Until the start the Secretary, or the Deputy from the delegation on; then who presides. */
  decides(/** @type {string} */ person, /** @type {number} */ atMs) {
    if (this.terms.startsMs === null || atMs < this.terms.startsMs) {
      return this.#officersAt(atMs).includes(person);
    }
    return person === this.#presidingAt(atMs);
  }

  /** Whether nobody presides at some moment from start and grace on until the end. */
  isVacant(/** @type {number | null} */ endMs) {
    const fromMs = lateAfterMs(this.terms);
    if (fromMs === null || (endMs !== null && endMs <= fromMs)) return false;
    return [fromMs, ...this.#events().filter((each) => each > fromMs)].some(
      (each) => (endMs === null || each < endMs) && this.#presidingAt(each) === null,
    );
  }

  /** @returns {string | null} */
  #delegateAt(/** @type {number} */ atMs) {
    return this.#delegations.filter((fact) => fact.atMs <= atMs).at(-1)?.record.body.to ?? null;
  }

  /** The Secretary and the delegated Deputy at a moment. */
  #officersAt(/** @type {number} */ atMs) {
    return [officersAt(this.terms, atMs).secretary, this.#delegateAt(atMs)];
  }

  #presidingAt(/** @type {number} */ atMs) {
    for (const person of this.#officersAt(atMs)) {
      const assumedMs = person === null ? undefined : this.#assumedMs.get(person);
      if (person === null || assumedMs === undefined || assumedMs > atMs) continue;
      if (isInAt(this.#inHall.get(person) ?? [], atMs)) return person;
    }
    return null;
  }

  /** Every moment at which somebody may begin or cease to preside. */
  #events() {
    const moments = new Set([...this.#delegations.map((fact) => fact.atMs), ...this.#assumedMs.values()]);
    for (const { fromMs } of this.terms.officers) moments.add(fromMs);
    for (const each of [...this.#inHall.values()].flat(2)) if (each !== null) moments.add(each);
    return [...moments].sort((a, b) => a - b);
  }

  #judgeSpans() {
    /** @type {Span[]} */
    const spans = [];
    const events = this.#events();
    events.forEach((fromMs, place) => {
      const untilMs = events[place + 1] ?? null;
      const person = this.#presidingAt(fromMs);
      if (person === null) return;
      const last = spans.at(-1);
      if (last?.person === person && last.untilMs === fromMs) last.untilMs = untilMs;
      else {
        const office = person === this.#officersAt(fromMs)[0] ? "secretary" : "deputy";
        spans.push({ person, office, fromMs, untilMs });
      }
    });
    return spans;
  }
}

/** Who is to preside: the Secretary, else the delegated Deputy, unless they are away. @param {Terms} terms @param {Chairing} chairing @param {Set<string>} away */
export function chairOf(terms, chairing, away) {
  const { secretary, deputies } = officersAt(terms);
  const { delegate } = chairing;
  const isAway = (/** @type {string | null} */ person) => person !== null && away.has(person);
  const noDeputyLeft = deputies.every((each) => away.has(each));
  return {
    secretary,
    delegate,
    named: [secretary, delegate].find((each) => each !== null && !away.has(each)) ?? null,
    spans: chairing.spans,
    isEscalated: isAway(secretary) && (isAway(delegate) || noDeputyLeft),
  };
}
