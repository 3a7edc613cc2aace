/** Presence as intervals: who came when, who left when, and in which seat they sit. */

import { byOrder, happenedMs } from "./facts.js";
import { lateAfterMs } from "./settings.js";

const MINUTE_MS = 60_000;

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").ByKind} ByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {{arrival: Fact, cameMs: number, leftMs: number | null}} Stay
 * @typedef {Map<string, Stay[]>} Stays
 */

/**
 * Pair arrivals with departures, per person: the earliest opens a stay. Nobody is in two halls: an
 * arrival in another ends the stay before; a departure ends only a stay in its own hall.
 * @param {ByKind} counting @param {Flags} flags @returns {Stays}
 */
export function staysOf(counting, flags) {
  /** @type {Stays} */
  const stays = new Map();
  const moves = [...counting.of("check_in"), ...counting.of("check_out")];
  moves.sort((a, b) => happenedMs(a) - happenedMs(b) || byOrder(a, b));
  for (const fact of moves) {
    const isArrival = fact.record.kind === "check_in";
    const person = fact.person ?? "";
    const own = stays.get(person) ?? [];
    const last = own.at(-1);
    const isIn = last !== undefined && last.leftMs === null;
    const isInHere = isIn && last.arrival.record.point === fact.record.point;
    if (isArrival && isInHere) {
      flags.add(fact.id, "already_present");
      continue;
    }
    if (isInHere || (isIn && isArrival)) last.leftMs = happenedMs(fact);
    if (isArrival) stays.set(person, [...own, { arrival: fact, cameMs: happenedMs(fact), leftMs: null }]);
  }
  return stays;
}

/** When a stay ended: by check-out, else with the meeting. @param {Stay} stay @param {number | null} endsMs */
export function untilMs(stay, endsMs) {
  return stay.leftMs !== null || endsMs === null ? stay.leftMs : Math.max(stay.cameMs, endsMs);
}

/** Whether a person was ever in this hall. @param {string} point @param {string} person @param {Stays} stays */
export function isHere(point, person, stays) {
  return (stays.get(person) ?? []).some((stay) => stay.arrival.record.point === point);
}

/** @param {string} point @param {Map<string, unknown>} roll @param {ByKind} counting @param {Flags} flags */
export function flagPlaces(point, roll, counting, flags) {
  for (const fact of counting.of("check_in")) {
    const isSummoned = roll.has(fact.person ?? "");
    const isThisHall = fact.record.point === point;
    if (isSummoned && !isThisHall) flags.add(fact.id, "other_point");
    else if (!isSummoned && isThisHall) flags.add(fact.id, "not_summoned");
  }
}

/**
 * Give each seat once: to the plan first, then to whoever is the first to take it.
 * @param {string} point @param {import("./settings.js").Rolls} rolls @param {Stays} stays
 * @param {ByKind} counting @param {Flags} flags
 */
export function seatsOf(point, rolls, stays, counting, flags) {
  /** @type {Map<string, string>} */
  const holder = new Map();
  /** @type {Map<string, string>} */
  const of = new Map();
  const take = (/** @type {string} */ id, /** @type {string} */ person, /** @type {string} */ seat) => {
    if ((holder.get(seat) ?? person) !== person) {
      flags.add(id, "seat_taken");
      return;
    }
    holder.delete(of.get(person) ?? "");
    holder.set(seat, person);
    of.set(person, seat);
  };
  for (const line of rolls.lines.values()) {
    if (line.seat && rolls.own) take(rolls.own.id, line.person, line.seat);
  }
  const claims = [...stays.values()]
    .flat()
    .filter((stay) => stay.arrival.record.point === point)
    .map(({ cameMs, arrival }) => ({ ms: cameMs, fact: arrival }));
  for (const fact of counting.at(point, "seat_change")) claims.push({ ms: fact.atMs, fact });
  claims.sort((a, b) => a.ms - b.ms || byOrder(a.fact, b.fact));
  for (const { fact } of claims) {
    if (fact.record.body.seat) take(fact.id, fact.person ?? "", fact.record.body.seat);
  }
  /** @type {Map<string, boolean>} */
  const right = new Map();
  for (const fact of counting.at(point, "seat_check")) right.set(fact.person ?? "", fact.record.body.right);
  return { of, right };
}

/** After the start and its grace. @param {number} cameMs @param {import("./settings.js").Terms} terms */
export function isLate(cameMs, terms) {
  const limitMs = lateAfterMs(terms);
  return limitMs !== null && cameMs > limitMs;
}

/** Before the end less the grace. @param {number | null} leftMs @param {import("./settings.js").Terms} terms */
export function isEarlyLeave(leftMs, terms) {
  return leftMs !== null && terms.endsMs !== null && leftMs < terms.endsMs - terms.graceMs;
}

/** Whole minutes, rounded down; 0 where either end is unknown. @param {number | null} fromMs @param {number | null} toMs */
export function minutesBetween(fromMs, toMs) {
  return fromMs === null || toMs === null ? 0 : Math.floor((toMs - fromMs) / MINUTE_MS);
}

/** Whether any span, begin included and end not, holds the moment. @param {[number, number | null][]} spans @param {number} atMs */
export function isInAt(spans, atMs) {
  return spans.some(([came, left]) => came <= atMs && (left === null || atMs < left));
}
