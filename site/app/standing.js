/**
 * The standing of one point at one meeting: the twin of `sync_server/domain/judging/standing.py`, held to
 * the same vectors. A pure function of the records that this device has.
 */

import { askedOf, Authority, excusedByHeadquarters } from "./standing/absence.js";
import { Chairing, chairOf } from "./standing/chair.js";
import { closingOf, flagAfter, isAmended, signedOff } from "./standing/closing.js";
import { ByKind, compare, Flags, happenedMs, inOrder, withoutVoided } from "./standing/facts.js";
import {
  besideSummoned,
  conductOf,
  followUpsOf,
  missingItems,
  troubleMinutes,
  troublesOf,
} from "./standing/hall.js";
import {
  flagPlaces,
  isEarlyLeave,
  isHere,
  isLate,
  minutesBetween,
  seatsOf,
  staysOf,
  untilMs,
} from "./standing/presence.js";
import { allOfficers, changesSinceFrozen, concerning, rollsOf, termsOf } from "./standing/settings.js";

export { mayVoid } from "./standing/facts.js";

const FAR_FROM_MEETING_MS = 12 * 3600 * 1000;
const OF_THE_DAY = ["check_in", "check_out", "seat_check", "conduct", "chair_assumed", "closing"];
const REPORTING = [...OF_THE_DAY, "seat_change", "readiness", "guest", "substitute", "incident"];

/**
 * @typedef {import("./standing/facts.js").Fact} Fact
 * @typedef {import("./standing/presence.js").Stay} Stay
 * @typedef {"not_recorded" | "present" | "absent_excused" | "absent_unexcused"} Standing
 * @typedef {{person: string, standing: Standing, cause: string | null, isLate: boolean,
 *   lateMinutes: number, hasLeftEarly: boolean, leftEarlyMinutes: number, mode: string | null,
 *   seat: string | null, seatRight: boolean | null, request: string | null,
 *   stays: [number, number | null, string][], comesAs: string | null, flags: string[]}} PersonStanding
 * @typedef {ReturnType<typeof standingOf>} PointStanding
 */

/**
 * @param {string} point
 * @param {import("./kiosk/types.js").LedgerRecord[]} records
 * @param {(record: import("./kiosk/types.js").LedgerRecord) => {atMs: number, isDoubtful: boolean}} momentOf
 */
export function standingOf(point, records, momentOf) {
  const flags = new Flags();
  const everything = inOrder(point, records, momentOf, flags);
  const rolls = rollsOf(point, everything);
  const facts = concerning(point, everything, rolls);
  const terms = termsOf(point, facts);
  const rollChanges = changesSinceFrozen(point, facts, rolls, terms, flags);
  const inForce = withoutVoided(facts, flags);
  const counting = new ByKind(inForce.facts);

  const stays = staysOf(counting, flags);
  flagPlaces(point, rolls.lines, counting, flags);
  const seats = seatsOf(point, rolls, stays, counting, flags);
  const closing = closingOf(point, counting, flags);
  const chairing = new Chairing(point, terms, stays, counting, flags);
  const asked = askedOf(new Authority(point, terms, chairing, closing), rolls, counting, flags);
  const abroad = abroadOf(everything, terms, rolls);
  const away = new Set([...asked.away].filter((person) => !isHere(point, person, stays)));
  const wherever = new Map([...stays, ...staysOf(abroad, new Flags())]);
  for (const officer of allOfficers(terms)) {
    const last = wherever.get(officer)?.at(-1);
    if (last && last.arrival.record.point !== point) away.add(officer);
  }
  for (const officer of excusedByHeadquarters(abroad)) if (!wherever.has(officer)) away.add(officer);
  const chair = chairOf(terms, chairing, away);
  const beside = besideSummoned(point, rolls.lines, stays, asked.approved, counting, flags);
  flagTimes(facts, terms, flags);
  flagAfter(closing, inForce.facts, flags);
  for (const [person, state] of asked.state) {
    const first = stays.get(person)?.[0];
    if (state === "approved" && first) flags.add(first.arrival.id, "came_though_excused");
  }

  /** @type {Map<string, string[]>} */
  const idsOf = new Map();
  for (const { person = "", id } of inForce.facts) {
    const known = idsOf.get(person);
    if (known) known.push(id);
    else idsOf.set(person, [id]);
  }
  const isFinal = closing !== null && !terms.isCancelled;

  /** @returns {PersonStanding} */
  const judge = (/** @type {string} */ person, /** @type {Stay[]} */ own, /** @type {string | null} */ comesAs = null) => {
    const request = asked.state.get(person) ?? null;
    const common = {
      person,
      request,
      seat: seats.of.get(person) ?? null,
      flags: flags.of(idsOf.get(person) ?? []),
    };
    const last = own.at(-1);
    if (!last) return { ...ABSENT, ...common, ...absence(request, isFinal, asked.live.has(person)) };
    const late = isLate(own[0].cameMs, terms);
    const early = isEarlyLeave(last.leftMs, terms);
    return {
      ...ABSENT,
      ...common,
      standing: "present",
      isLate: late,
      lateMinutes: late ? minutesBetween(terms.startsMs, own[0].cameMs) : 0,
      hasLeftEarly: early,
      leftEarlyMinutes: early ? minutesBetween(last.leftMs, terms.endsMs) : 0,
      mode: last.arrival.record.body.mode,
      seatRight: seats.right.get(person) ?? null,
      stays: own.map((stay) => [stay.cameMs, untilMs(stay, terms.endsMs), stay.arrival.record.point]),
      comesAs,
    };
  };
  const roleOf = (/** @type {string} */ person) =>
    beside.substitutes.has(person) ? "substitute" : beside.guests.has(person) ? "guest" : null;
  const people = [...rolls.lines.values()]
    .filter((line) => !line.exempt)
    .map((line) => judge(line.person, stays.get(line.person) ?? []));
  const visitors = [...stays]
    .map(([person, own]) => ({ person, here: own.filter((stay) => stay.arrival.record.point === point) }))
    .filter(({ person, here }) => here.length > 0 && !rolls.lines.has(person))
    .sort((a, b) => compare(a.person, b.person))
    .map(({ person, here }) => judge(person, here, roleOf(person)));
  const exempt = [...rolls.lines.values()].flatMap((line) => {
    const own = line.exempt ? stays.get(line.person) : undefined;
    return own ? [judge(line.person, own)] : [];
  });
  const incidents = troublesOf(point, counting, flags);
  const followUps = followUpsOf(point, counting, flags);
  const counts = {
    ...countPeople(people),
    guests: beside.guests.size,
    substitutes: beside.substitutes.size,
    visitors: visitors.filter((each) => each.comesAs === null).length,
    wrongComposition: [...beside.substitutes.values()].filter((each) => !each.isApproved).length,
    ...countConduct(conductOf(point, counting)),
    incidents: incidents.length,
    incidentMinutes: troubleMinutes(incidents, terms),
  };

  const missing = missingItems(point, terms, counting, flags);
  if (chair.named === null) missing.push("chair");
  const seated = counts.summoned + Math.max(terms.guests, counts.guests);
  if (terms.capacity !== null && terms.capacity < seated) {
    missing.push("capacity");
    flags.add(point, "over_capacity");
  }
  const ends = [closing?.atMs ?? null, terms.endsMs].filter((each) => each !== null);
  if (!terms.isCancelled && chairing.isVacant(ends.length > 0 ? Math.min(...ends) : null)) {
    flags.add(point, "no_chair");
  }
  if (chair.isEscalated) flags.add(point, "escalated");
  return {
    terms,
    people,
    visitors,
    exempt,
    substitutes: [...beside.substitutes.values()],
    counts,
    chair,
    missing,
    incidents,
    followUps,
    rollChanges,
    closing: signedOff(closing),
    isAmended: isAmended(closing, inForce, flags),
    flags: flags.all(),
    hasReported: facts.some(
      ({ seq, record }) => seq > 0 && record.point === point && REPORTING.includes(record.kind),
    ),
  };
}

/** What is told of officers whom another point summons, if any. @param {Fact[]} everything @param {import("./standing/settings.js").Terms} terms @param {import("./standing/settings.js").Rolls} rolls */
function abroadOf(everything, terms, rolls) {
  const officers = allOfficers(terms).filter((person) => !rolls.lines.has(person));
  const own = everything.filter((fact) => officers.includes(fact.person ?? ""));
  return new ByKind(withoutVoided(own, new Flags()).facts);
}

const ABSENT = {
  cause: null,
  isLate: false,
  lateMinutes: 0,
  hasLeftEarly: false,
  leftEarlyMinutes: 0,
  mode: null,
  seatRight: null,
  /** @type {[number, number | null, string][]} */
  stays: [],
  /** @type {string | null} */
  comesAs: null,
};

/** How somebody stands who did not come: leave needs approval, absence a closing. @returns {{standing: Standing, cause?: string}} */
function absence(/** @type {string | null} */ request, /** @type {boolean} */ isFinal, /** @type {boolean} */ isLive) {
  if (request === "approved") return { standing: "absent_excused" };
  if (!isFinal) return { standing: "not_recorded" };
  return { standing: "absent_unexcused", cause: isLive ? "not_agreed" : "no_valid_reason" };
}

function countPeople(/** @type {PersonStanding[]} */ people) {
  const number = (/** @type {(each: PersonStanding) => boolean} */ holds) => people.filter(holds).length;
  return {
    summoned: people.length,
    present: number((each) => each.standing === "present"),
    online: number((each) => each.mode === "online"),
    late: number((each) => each.isLate),
    leftEarly: number((each) => each.hasLeftEarly),
    absentExcused: number((each) => each.standing === "absent_excused"),
    absentUnexcused: number((each) => each.standing === "absent_unexcused"),
    notAgreed: number((each) => each.cause === "not_agreed"),
    notRecorded: number((each) => each.standing === "not_recorded"),
    wrongSeat: number((each) => each.seatRight === false),
  };
}

function countConduct(/** @type {ReturnType<typeof conductOf>} */ sums) {
  return { calls: sums.call, privateUse: sums.private_use, disorder: sums.disorder };
}

/** @param {Fact[]} facts @param {import("./standing/settings.js").Terms} terms @param {Flags} flags */
function flagTimes(facts, terms, flags) {
  const firstMs = terms.startsMs === null ? -Infinity : terms.startsMs - FAR_FROM_MEETING_MS;
  const endMs = terms.endsMs ?? terms.startsMs;
  const lastMs = terms.startsMs === null || endMs === null ? Infinity : endMs + FAR_FROM_MEETING_MS;
  for (const fact of facts) {
    if (fact.record.body.happened_at) flags.add(fact.id, "time_stated");
    if (fact.seq === 0) continue; // the office runs on the node's own clock
    const atMs = happenedMs(fact);
    const isFar = (atMs < firstMs || atMs > lastMs) && OF_THE_DAY.includes(fact.record.kind);
    if (isFar || fact.isDoubtful) flags.add(fact.id, "clock_suspect");
  }
}
