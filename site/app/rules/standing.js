/**
 * Judges the standing of one point at one meeting, from the records that this device has and
 * nothing else. `sync_server/domain/judging/standing.py` implements the same rules in Python; the
 * same test vectors check both.
 */

import { Chairing, chairOf } from "./chair.js";
import { closingOf, flagRecordsAfterClosing, isAmended, isTooLate, signedClosingOf } from "./closing.js";
import { FactsByKind, compare, Flags, happenedMs, factsInOrder, withoutVoided } from "./facts.js";
import {
  otherAttendeesOf,
  conductOf,
  feedbackOf, followUpsOf,
  missingItems,
  incidentMinutes,
  incidentsOf,
} from "./hall.js";
import {
  firstInMeeting,
  flagUnexpectedPoints,
  isEarlyLeave,
  wasInHall,
  isLate,
  minutesBetween,
  seatsOf,
  staysOf,
  untilMs,
} from "./presence.js";
import { excusedByHeadquarters, judgeRequests, requestsOf } from "./requests.js";
import { allOfficers, changesSinceFrozen, factsConcerning, rollsOf, termsOf } from "./settings.js";
import rules from "../../rules.json" with { type: "json" };

export { mayVoid } from "./facts.js";

const FAR_FROM_MEETING_MS = rules.far_from_meeting_ms;
/** Kinds of records that are made only at about the time of the meeting. A leave request, in
 * contrast, may be made days before. */
const MEETING_DAY_KINDS = rules.meeting_day_kinds;
/** Kinds of records which show that a hall is at work. A leave request does not show this, because
 * it may be made days before. */
const REPORTING_KINDS = [...MEETING_DAY_KINDS, ...rules.hall_kinds];

/**
 * `PersonStanding`: the standing of one person. Every entry of `stays` is the arrival, the end or
 * null (ms since 1970 UTC) and the point. `comes_as` is `guest`, `substitute` or null.
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./presence.js").Stay} Stay
 * @typedef {"not_recorded" | "present" | "absent_excused" | "absent_unexcused"} AttendanceState
 * @typedef {{person: string, standing: AttendanceState, cause: string | null, is_late: boolean,
 *   late_minutes: number, has_left_early: boolean, left_early_minutes: number, mode: string | null,
 *   seat: string | null, seat_right: boolean | null, request: string | null,
 *   stays: [number, number | null, string][], comes_as: string | null, flags: string[]}} PersonStanding
 * @typedef {ReturnType<typeof standingOf>} PointStanding
 */

/**
 * Return the standing of a point, judged from all records of its stream. Repeated records and
 * their order do not change the result. `correctedTimeOf` returns a record's corrected time in ms
 * since 1970 UTC, and whether the device's clock is doubtful.
 * @param {string} point
 * @param {import("../kiosk/types.js").LedgerRecord[]} records
 * @param {(record: import("../kiosk/types.js").LedgerRecord) => {atMs: number, isDoubtful: boolean}} correctedTimeOf
 */
export function standingOf(point, records, correctedTimeOf) {
  const flags = new Flags();
  const allFacts = factsInOrder(point, records, correctedTimeOf, flags);
  const rolls = rollsOf(point, allFacts);
  const facts = factsConcerning(point, allFacts, rolls);
  const terms = termsOf(point, facts, rolls);
  const rollChanges = changesSinceFrozen(point, allFacts, rolls, terms, flags);
  const inForce = withoutVoided(facts, flags);
  const effective = new FactsByKind(inForce.facts);

  const closing = closingOf(point, terms, rolls, effective, flags);
  const isCheckInTooLate = (/** @type {import("./facts.js").Fact} */ fact) => isTooLate(fact, terms, closing);
  const stays = staysOf(effective, flags, isCheckInTooLate);
  flagUnexpectedPoints(point, rolls.lines, effective, flags);
  const seats = seatsOf(point, rolls, stays, effective, flags);
  const officerFactsElsewhere = officerFactsOf(allFacts, terms, rolls);
  const staysAnywhere = new Map([...stays, ...staysOf(officerFactsElsewhere, new Flags(), isCheckInTooLate)]);
  const chairing = new Chairing(point, terms, staysAnywhere, effective, flags);
  const requests = judgeRequests(point, terms, chairing, closing, rolls, effective, flags);
  const away = new Set([...requests.away].filter((person) => !wasInHall(point, person, stays)));
  for (const officer of allOfficers(terms)) {
    const lastStay = staysAnywhere.get(officer)?.at(-1);
    if (lastStay && lastStay.arrival.record.point !== point) away.add(officer);
  }
  for (const officer of excusedByHeadquarters(officerFactsElsewhere)) if (!staysAnywhere.has(officer)) away.add(officer);
  const chair = chairOf(terms, chairing, away);
  const otherAttendees = otherAttendeesOf(point, rolls.lines, stays, requests.approved, effective, flags);
  flagTimes(facts, terms, flags);
  flagReusedNumbers(facts, flags);
  flagRecordsAfterClosing(closing, inForce.facts, flags);
  for (const [person, state] of requests.byPerson) {
    const firstStay = stays.get(person)?.[0];
    if (state === "approved" && firstStay) flags.add(firstStay.arrival.id, "came_though_excused");
  }

  /** @type {Map<string, string[]>} */
  const idsOf = new Map();
  for (const { person = "", id } of inForce.facts) {
    const ids = idsOf.get(person);
    if (ids) ids.push(id);
    else idsOf.set(person, [id]);
  }
  const isFinal = closing !== null && !terms.is_cancelled;

  /** Return the standing of one person, judged from the person's stays. `comesAs` is `guest`,
   * `substitute` or null.
   * @returns {PersonStanding} */
  const judgePerson = (/** @type {string} */ person, /** @type {Stay[]} */ personStays, /** @type {string | null} */ comesAs = null) => {
    const request = requests.byPerson.get(person) ?? null;
    const common = {
      person,
      request,
      seat: seats.of.get(person) ?? null,
      flags: flags.of(idsOf.get(person) ?? []),
    };
    const lastStay = personStays.at(-1);
    if (!lastStay) return { ...ABSENT, ...common, ...judgeAbsence(request, isFinal, requests.live.has(person)) };
    const { cameMs } = firstInMeeting(personStays, terms);
    const cameLate = isLate(cameMs, terms);
    const leftEarly = isEarlyLeave(lastStay.leftMs, terms);
    return {
      ...ABSENT,
      ...common,
      standing: "present",
      is_late: cameLate,
      late_minutes: cameLate ? minutesBetween(terms.starts_ms, cameMs) : 0,
      has_left_early: leftEarly,
      left_early_minutes: leftEarly ? minutesBetween(lastStay.leftMs, terms.ends_ms) : 0,
      mode: lastStay.arrival.record.body.mode,
      seat_right: seats.right.get(person) ?? null,
      stays: personStays.map((stay) => [stay.cameMs, untilMs(stay, terms.ends_ms), stay.arrival.record.point]),
      comes_as: comesAs,
    };
  };
  const roleOf = (/** @type {string} */ person) =>
    otherAttendees.substitutes.has(person) ? "substitute" : otherAttendees.guests.has(person) ? "guest" : null;
  const people = [...rolls.lines.values()]
    .filter((line) => !line.exempt)
    .map((line) => judgePerson(line.person, stays.get(line.person) ?? []));
  const visitors = [...stays]
    .map(([person, personStays]) => ({ person, staysHere: personStays.filter((stay) => stay.arrival.record.point === point) }))
    .filter(({ person, staysHere }) => staysHere.length > 0 && !rolls.lines.has(person))
    .sort((a, b) => compare(a.person, b.person))
    .map(({ person, staysHere }) => judgePerson(person, staysHere, roleOf(person)));
  const exempt = [...rolls.lines.values()].flatMap((line) => {
    const personStays = line.exempt ? stays.get(line.person) : undefined;
    return personStays ? [judgePerson(line.person, personStays)] : [];
  });
  const incidents = incidentsOf(point, effective, flags);
  const followUps = followUpsOf(point, effective, flags);
  const counts = {
    ...countPeople(people),
    guests: otherAttendees.guests.size,
    substitutes: otherAttendees.substitutes.size,
    visitors: visitors.filter((visitor) => visitor.comes_as === null).length,
    wrong_composition: [...otherAttendees.substitutes.values()].filter((substitute) => !substitute.is_approved).length,
    ...countConduct(conductOf(point, effective)),
    incidents: incidents.length,
    incident_minutes: incidentMinutes(incidents, terms),
  };

  const missing = missingItems(point, terms, effective, flags);
  if (chair.named === null && !terms.is_cancelled) missing.push("chair");
  const seatsNeeded = counts.summoned + Math.max(terms.guests, counts.guests);
  if (terms.capacity !== null && terms.capacity < seatsNeeded) {
    missing.push("capacity");
    flags.add(point, "over_capacity");
  }
  const ends = [closing?.atMs ?? null, terms.ends_ms].filter((endMs) => endMs !== null);
  if (!terms.is_cancelled && chairing.isVacant(ends.length > 0 ? Math.min(...ends) : null)) {
    flags.add(point, "no_chair");
  }
  if (chair.is_escalated) flags.add(point, "escalated");
  const amended = isAmended(closing, inForce, requests.withoutEffect, flags, counts);
  return {
    terms,
    people,
    requests: requestsOf(requests, effective, flags),
    visitors,
    exempt,
    substitutes: [...otherAttendees.substitutes.values()],
    counts,
    chair,
    missing,
    incidents,
    follow_ups: followUps,
    feedback: feedbackOf(point, effective),
    roll_changes: rollChanges,
    closing: signedClosingOf(closing),
    is_amended: amended,
    flags: flags.all(),
    has_reported: facts.some(
      ({ seq, record }) => seq > 0 && record.point === point && REPORTING_KINDS.includes(record.kind),
    ),
  };
}

/** Return the facts in force about officers who are not on this point's roll. These facts show
 * whether an officer is at another point or on leave.
 * @param {Fact[]} allFacts @param {import("./settings.js").Terms} terms @param {import("./settings.js").Rolls} rolls */
function officerFactsOf(allFacts, terms, rolls) {
  const officers = allOfficers(terms).filter((person) => !rolls.lines.has(person));
  const officerFacts = allFacts.filter((fact) => officers.includes(fact.person ?? ""));
  return new FactsByKind(withoutVoided(officerFacts, new Flags()).facts);
}

/** Default fields for a person without a stay. `judgePerson` overrides some of them. */
const ABSENT = {
  cause: null,
  is_late: false,
  late_minutes: 0,
  has_left_early: false,
  left_early_minutes: 0,
  mode: null,
  seat_right: null,
  /** @type {[number, number | null, string][]} */
  stays: [],
  /** @type {string | null} */
  comes_as: null,
};

/** Return the standing of a person who did not come. The absence is excused if leave was approved;
 * otherwise it is unexcused after the closing and not recorded before. The cause is `not_agreed`
 * if a request is live, else `no_valid_reason`.
 * @returns {{standing: AttendanceState, cause?: string}} */
function judgeAbsence(/** @type {string | null} */ request, /** @type {boolean} */ isFinal, /** @type {boolean} */ isLive) {
  if (request === "approved") return { standing: "absent_excused" };
  if (!isFinal) return { standing: "not_recorded" };
  return { standing: "absent_unexcused", cause: isLive ? "not_agreed" : "no_valid_reason" };
}

function countPeople(/** @type {PersonStanding[]} */ people) {
  const countWhere = (/** @type {(standing: PersonStanding) => boolean} */ isMatch) => people.filter(isMatch).length;
  return {
    summoned: people.length,
    present: countWhere((standing) => standing.standing === "present"),
    online: countWhere((standing) => standing.mode === "online"),
    late: countWhere((standing) => standing.is_late),
    left_early: countWhere((standing) => standing.has_left_early),
    absent_excused: countWhere((standing) => standing.standing === "absent_excused"),
    absent_unexcused: countWhere((standing) => standing.standing === "absent_unexcused"),
    not_agreed: countWhere((standing) => standing.cause === "not_agreed"),
    not_recorded: countWhere((standing) => standing.standing === "not_recorded"),
    wrong_seat: countWhere((standing) => standing.seat_right === false),
  };
}

function countConduct(/** @type {ReturnType<typeof conductOf>} */ sums) {
  return { calls: sums.call, private_use: sums.private_use, disorder: sums.disorder };
}

/** Flag `seq_reuse` on different records of one device that share a sequence number, as happens
 * after a disk was copied.
 * @param {Fact[]} facts @param {Flags} flags */
function flagReusedNumbers(facts, flags) {
  /** @type {Map<string, Set<string>>} */
  const idsOf = new Map();
  for (const { id, record } of facts) {
    if (record.seq === null) continue;
    const number = `${record.device} ${record.seq}`;
    idsOf.set(number, (idsOf.get(number) ?? new Set()).add(id));
  }
  for (const ids of idsOf.values()) if (ids.size > 1) for (const id of ids) flags.add(id, "seq_reuse");
}

/** Flag `time_stated` on facts with a stated time. Flag `clock_suspect` on facts from doubtful
 * clocks, and on facts of the meeting day that are over 12 hours outside the meeting.
 * @param {Fact[]} facts @param {import("./settings.js").Terms} terms @param {Flags} flags */
function flagTimes(facts, terms, flags) {
  const firstMs = terms.starts_ms === null ? -Infinity : terms.starts_ms - FAR_FROM_MEETING_MS;
  const endMs = terms.ends_ms ?? terms.starts_ms;
  const lastMs = terms.starts_ms === null || endMs === null ? Infinity : endMs + FAR_FROM_MEETING_MS;
  for (const fact of facts) {
    if (fact.record.body.happened_at) flags.add(fact.id, "time_stated");
    if (fact.seq === 0) continue; // the office uses the server's clock
    const atMs = happenedMs(fact);
    const isFar = (atMs < firstMs || atMs > lastMs) && MEETING_DAY_KINDS.includes(fact.record.kind);
    if (isFar || fact.isDoubtful) flags.add(fact.id, "clock_suspect");
  }
}
