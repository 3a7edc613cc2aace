/** Computes from check-ins and check-outs when people were present, and assigns seats. */

import { byOrder, happenedMs } from "./facts.js";
import { lateAfterMs } from "./settings.js";

const MINUTE_MS = 60_000;

/**
 * `Stay`: one period of a person's presence; `leftMs` is null without a departure. Times are in ms
 * since 1970 UTC. `Stays`: the stays of every person, in order, by person code.
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").FactsByKind} FactsByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {{arrival: Fact, cameMs: number, leftMs: number | null}} Stay
 * @typedef {Map<string, Stay[]>} Stays
 */

/**
 * Return every person's stays in order, by pairing check-ins with check-outs. The earliest check-in
 * opens a stay; repeated check-ins at the same point are flagged `already_present`. A check-in at
 * another point ends the previous stay; a check-out ends only a stay at the same point. Check-ins
 * that are too late open no stay.
 * @param {FactsByKind} effective @param {Flags} flags @param {(fact: Fact) => boolean} isTooLate @returns {Stays}
 */
export function staysOf(effective, flags, isTooLate) {
  /** @type {Stays} */
  const stays = new Map();
  const moves = [...effective.of("check_in").filter((fact) => !isTooLate(fact)), ...effective.of("check_out")];
  moves.sort((a, b) => happenedMs(a) - happenedMs(b) || byOrder(a, b));
  for (const fact of moves) {
    const isArrival = fact.record.kind === "check_in";
    const person = fact.person ?? "";
    const personStays = stays.get(person) ?? [];
    const lastStay = personStays.at(-1);
    const isIn = lastStay !== undefined && lastStay.leftMs === null;
    const isInSameHall = isIn && lastStay.arrival.record.point === fact.record.point;
    if (isArrival && isInSameHall) {
      flags.add(fact.id, "already_present");
      continue;
    }
    if (isInSameHall || (isIn && isArrival)) lastStay.leftMs = happenedMs(fact);
    if (isArrival) stays.set(person, [...personStays, { arrival: fact, cameMs: happenedMs(fact), leftMs: null }]);
  }
  return stays;
}

/** Return when a stay ended, in ms since 1970 UTC: at check-out, else at the meeting's end, but
 * never before the arrival. Return null if neither time is known.
 * @param {Stay} stay @param {number | null} endsMs */
export function untilMs(stay, endsMs) {
  return stay.leftMs !== null || endsMs === null ? stay.leftMs : Math.max(stay.cameMs, endsMs);
}

/** Return whether a person has checked in at this point at any time.
 * @param {string} point @param {string} person @param {Stays} stays */
export function wasInHall(point, person, stays) {
  return (stays.get(person) ?? []).some((stay) => stay.arrival.record.point === point);
}

/** Flag check-ins at an unexpected point: `other_point` if a person on the roll checked in
 * elsewhere, `not_summoned` if a person here is not on the roll.
 * @param {string} point @param {Map<string, unknown>} roll @param {FactsByKind} effective @param {Flags} flags */
export function flagUnexpectedPoints(point, roll, effective, flags) {
  for (const fact of effective.of("check_in")) {
    const isSummoned = roll.has(fact.person ?? "");
    const isThisHall = fact.record.point === point;
    if (isSummoned && !isThisHall) flags.add(fact.id, "other_point");
    else if (!isSummoned && isThisHall) flags.add(fact.id, "not_summoned");
  }
}

/**
 * Assign every seat to at most one person: first by the plan in the roll, then by the earliest
 * check-in or seat change. Return `of`, the seat by person, and `right`, the result of the latest
 * seat check by person. Flag `seat_taken` on claims to another person's seat.
 * @param {string} point @param {import("./settings.js").Rolls} rolls @param {Stays} stays
 * @param {FactsByKind} effective @param {Flags} flags
 */
export function seatsOf(point, rolls, stays, effective, flags) {
  /** @type {Map<string, string>} */
  const personBySeat = new Map();
  /** @type {Map<string, string>} */
  const seatByPerson = new Map();
  const plannedMs = rolls.governing?.atMs ?? 0;
  const assignSeat = (/** @type {number} */ ms, /** @type {string} */ id, /** @type {string} */ person, /** @type {string} */ seat) => {
    if ((personBySeat.get(seat) ?? person) !== person) {
      if (ms >= plannedMs) flags.add(id, "seat_taken"); // an earlier claim was made before this plan existed
      return;
    }
    personBySeat.delete(seatByPerson.get(person) ?? "");
    personBySeat.set(seat, person);
    seatByPerson.set(person, seat);
  };
  for (const line of rolls.lines.values()) {
    if (line.seat && rolls.governing) assignSeat(plannedMs, rolls.governing.id, line.person, line.seat);
  }
  const claims = [...stays.values()]
    .flat()
    .filter((stay) => stay.arrival.record.point === point)
    .map(({ cameMs, arrival }) => ({ ms: cameMs, fact: arrival }));
  for (const fact of effective.at(point, "seat_change")) claims.push({ ms: fact.atMs, fact });
  claims.sort((a, b) => a.ms - b.ms || byOrder(a.fact, b.fact));
  for (const { ms, fact } of claims) {
    if (fact.record.body.seat) assignSeat(ms, fact.id, fact.person ?? "", fact.record.body.seat);
  }
  /** @type {Map<string, boolean>} */
  const rightByPerson = new Map();
  for (const fact of effective.at(point, "seat_check")) rightByPerson.set(fact.person ?? "", fact.record.body.right);
  return { of: seatByPerson, right: rightByPerson };
}

/** Return the first stay that continues after the meeting's start, because lateness is judged by
 * that arrival. If there is none, return the first stay.
 * @param {Stay[]} personStays @param {import("./settings.js").Terms} terms */
export function firstInMeeting(personStays, { starts_ms: startsMs }) {
  return personStays.find(({ leftMs }) => startsMs === null || leftMs === null || leftMs > startsMs) ?? personStays[0];
}

/** Return whether an arrival is later than the start plus grace. Return false without a start.
 * @param {number} cameMs @param {import("./settings.js").Terms} terms */
export function isLate(cameMs, terms) {
  const limitMs = lateAfterMs(terms);
  return limitMs !== null && cameMs > limitMs;
}

/** Return whether a departure is earlier than the end minus grace. Return false without a departure
 * or an end.
 * @param {number | null} leftMs @param {import("./settings.js").Terms} terms */
export function isEarlyLeave(leftMs, terms) {
  return leftMs !== null && terms.ends_ms !== null && leftMs < terms.ends_ms - terms.grace_ms;
}

/** Return the whole minutes between two times, rounded down; 0 if either is unknown.
 * @param {number | null} fromMs @param {number | null} toMs */
export function minutesBetween(fromMs, toMs) {
  return fromMs === null || toMs === null ? 0 : Math.floor((toMs - fromMs) / MINUTE_MS);
}

/** Return whether any of the spans contains a time. A span includes its start and excludes its end;
 * a null end means that the span is open.
 * @param {[number, number | null][]} spans @param {number} atMs */
export function isInAt(spans, atMs) {
  return spans.some(([came, left]) => came <= atMs && (left === null || atMs < left));
}
