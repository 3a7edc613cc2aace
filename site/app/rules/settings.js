/** Reads a meeting's settings and rolls at one point: the terms of the meeting, and the people
 * summoned. */

import { byOrder } from "./facts.js";
import rules from "../../rules.json" with { type: "json" };

const MINUTE_MS = 60_000;
const SECRETARY = "BI_THU";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {{person: string, unit: string, position: string, seat: string, exempt: boolean}} Line
 * `lines` are the people summoned here. `governing` is the point's latest roll. `laterRollsElsewhere` are later rolls of other
 * points that summon people from this point.
 * @typedef {{lines: Map<string, Line>, governing: Fact | null, laterRollsElsewhere: Fact[]}} Rolls
 * @typedef {{from_ms: number, secretary: string | null, deputies: string[]}} Officers
 * @typedef {ReturnType<typeof termsOf>} Terms
 */

/** Return the point's terms, merged from its settings; for every field, the latest setting decides.
 * `roll_secretaries` are the Secretaries on the roll. Times are in ms since 1970 UTC, or null.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls */
export function termsOf(point, facts, rolls) {
  /** @type {Record<string, any>} */
  const fields = {};
  /** @type {Officers[]} */
  const officers = [];
  for (const { record, atMs } of facts) {
    if (record.kind !== "setting" || record.point !== point) continue;
    Object.assign(fields, record.body);
    if (record.body.officers) officers.push(officersOf(atMs, record.body.officers));
  }
  const graceMs = (fields.grace_minutes ?? 0) * MINUTE_MS;
  const startsMs = parseMs(fields.starts_at);
  return {
    starts_ms: startsMs,
    ends_ms: parseMs(fields.ends_at),
    grace_ms: graceMs,
    officers,
    absence_authority: fields.absence_authority ?? "point",
    secretary_authority: fields.secretary_authority ?? "headquarters",
    reasons: fields.reasons ?? rules.absence_reasons,
    capacity: fields.capacity ?? null,
    merged_into: fields.merged_into ?? null,
    guests: fields.guests ?? 0,
    roll_frozen_ms: parseMs(fields.roll_frozen_at),
    ready_by_ms: parseMs(fields.ready_by),
    is_rehearsal: fields.rehearsal ?? false,
    is_cancelled: fields.cancelled ?? false,
    roll_secretaries: [...rolls.lines.values()].filter((line) => line.position === SECRETARY).map((line) => line.person),
  };
}

/** Return the officers that a setting appoints from `fromMs` on: the first person with the office
 * `secretary` and all with `deputy`.
 * @param {number} fromMs @param {[string, string][]} appointments @returns {Officers} */
function officersOf(fromMs, appointments) {
  const holdersOf = (/** @type {string} */ sought) =>
    appointments.filter(([, office]) => office === sought).map(([person]) => person);
  return { from_ms: fromMs, secretary: holdersOf("secretary")[0] ?? null, deputies: holdersOf("deputy") };
}

/** Return the officers at a time; by default, the latest officers. Before the first setting, return
 * the officers that this setting appoints. Without any setting, there is no Secretary and no
 * Deputy.
 * @param {Terms} terms @param {number} atMs @returns {Officers} */
export function officersAt({ officers }, atMs = Infinity) {
  const before = officers.filter((entry) => entry.from_ms <= atMs);
  return before.at(-1) ?? officers[0] ?? { from_ms: 0, secretary: null, deputies: [] };
}

/** Return the codes of all people who were Secretary or Deputy at any time, without duplicates.
 * @param {Terms} terms @returns {string[]} */
export function allOfficers({ officers }) {
  const named = officers.flatMap(({ secretary, deputies }) => (secretary ? [secretary, ...deputies] : deputies));
  return [...new Set(named)];
}

/** Return the time after which an arrival is late: the start plus grace, in ms since 1970 UTC. Null
 * without a start.
 * @param {Terms} terms */
export function lateAfterMs({ starts_ms: startsMs, grace_ms: graceMs }) {
  return startsMs === null ? null : startsMs + graceMs;
}

function parseMs(/** @type {string | undefined} */ instant) {
  return instant === undefined ? null : Date.parse(instant);
}

/** Return the point's latest roll, without people that a later roll of another point summons. If
 * the point has no roll, `lines` is empty and `governing` is null.
 * @param {string} point @param {Fact[]} facts @returns {Rolls} */
export function rollsOf(point, facts) {
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  for (const fact of facts) if (fact.record.kind === "roll") latest.set(fact.record.point, fact);
  const governing = latest.get(point);
  if (!governing) return { lines: new Map(), governing: null, laterRollsElsewhere: [] };
  latest.delete(point);
  const lines = new Map(linesOf(governing).map((line) => [line.person, line]));
  const laterRollsElsewhere = [...latest.values()].filter(
    (other) => byOrder(other, governing) > 0 && linesOf(other).some((line) => lines.has(line.person)),
  );
  for (const line of laterRollsElsewhere.flatMap(linesOf)) lines.delete(line.person);
  return { lines, governing, laterRollsElsewhere };
}

/** Return the facts that concern the point now: recorded here, about people on its roll, or rolls
 * that summon its people elsewhere. The stream also contains facts about people from earlier
 * rolls.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls */
export function factsConcerning(point, facts, rolls) {
  return facts.filter(
    (fact) =>
      fact.record.point === point || rolls.lines.has(fact.person ?? "") || rolls.laterRollsElsewhere.includes(fact),
  );
}

/**
 * Return the people (sorted codes) who were added to and removed from the roll since it was
 * frozen. Flag `after_freeze` on later rolls. Both lists are empty without a freeze. `facts` must
 * be the whole stream, because an older roll may have governed at the freeze.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls @param {Terms} terms
 * @param {import("./facts.js").Flags} flags
 */
export function changesSinceFrozen(point, facts, rolls, terms, flags) {
  const { roll_frozen_ms: rollFrozenMs } = terms;
  if (rollFrozenMs === null) return { added: [], removed: [] };
  const pointRolls = facts.filter(({ record }) => record.kind === "roll" && record.point === point);
  for (const roll of [...pointRolls, ...rolls.laterRollsElsewhere]) {
    if (roll.atMs > rollFrozenMs) flags.add(roll.id, "after_freeze");
  }
  const before = rollsOf(point, facts.filter((fact) => fact.atMs <= rollFrozenMs)).lines;
  return {
    added: [...rolls.lines.keys()].filter((person) => !before.has(person)).sort(),
    removed: [...before.keys()].filter((person) => !rolls.lines.has(person)).sort(),
  };
}

/** Return the people on a roll. Missing fields become "" or false. @returns {Line[]} */
function linesOf(/** @type {Fact} */ roll) {
  return roll.record.body.people.map((/** @type {any[]} */ [person, unit, position, seat, exempt]) => ({
    person,
    unit,
    position: position ?? "",
    seat: seat ?? "",
    exempt: exempt ?? false,
  }));
}
