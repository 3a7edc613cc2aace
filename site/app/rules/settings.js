/** Settings and rolls: the arrangements of a meeting at one point, and the people summoned. */

import { byOrder } from "./facts.js";
import rules from "../../rules.json" with { type: "json" };

const MINUTE_MS = 60_000;
const SECRETARY = "BI_THU";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {{person: string, unit: string, position: string, seat: string, exempt: boolean}} Line
 * `governing` is the point's latest roll; `takers` are later rolls elsewhere that name its people.
 * @typedef {{lines: Map<string, Line>, governing: Fact | null, takers: Fact[]}} Rolls
 * @typedef {{from_ms: number, secretary: string | null, deputies: string[]}} Officers
 * @typedef {ReturnType<typeof termsOf>} Terms
 */

/** Merge the point's settings: the latest setting that names a field decides it. The roll names the
 * Secretaries of its units. @param {string} point @param {Fact[]} facts @param {Rolls} rolls */
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

/** Return the officers that a setting appoints from a time on.
 * @param {number} fromMs @param {[string, string][]} appointments @returns {Officers} */
function officersOf(fromMs, appointments) {
  const holdersOf = (/** @type {string} */ sought) =>
    appointments.filter(([, office]) => office === sought).map(([person]) => person);
  return { from_ms: fromMs, secretary: holdersOf("secretary")[0] ?? null, deputies: holdersOf("deputy") };
}

/** Return the officers at a time (default: the latest); before the first setting, the first.
 * @param {Terms} terms @param {number} atMs @returns {Officers} */
export function officersAt({ officers }, atMs = Infinity) {
  const before = officers.filter((entry) => entry.from_ms <= atMs);
  return before.at(-1) ?? officers[0] ?? { from_ms: 0, secretary: null, deputies: [] };
}

/** Return every person who was in office at any time. @param {Terms} terms @returns {string[]} */
export function allOfficers({ officers }) {
  const named = officers.flatMap(({ secretary, deputies }) => (secretary ? [secretary, ...deputies] : deputies));
  return [...new Set(named)];
}

/** Return the time after which an arrival is late; null without a start. @param {Terms} terms */
export function lateAfterMs({ starts_ms: startsMs, grace_ms: graceMs }) {
  return startsMs === null ? null : startsMs + graceMs;
}

function parseMs(/** @type {string | undefined} */ instant) {
  return instant === undefined ? null : Date.parse(instant);
}

/** Return the point's latest roll without the people on a later roll elsewhere.
 * @param {string} point @param {Fact[]} facts @returns {Rolls} */
export function rollsOf(point, facts) {
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  for (const fact of facts) if (fact.record.kind === "roll") latest.set(fact.record.point, fact);
  const governing = latest.get(point);
  if (!governing) return { lines: new Map(), governing: null, takers: [] };
  latest.delete(point);
  const lines = new Map(linesOf(governing).map((line) => [line.person, line]));
  const takers = [...latest.values()].filter(
    (other) => byOrder(other, governing) > 0 && linesOf(other).some((line) => lines.has(line.person)),
  );
  for (const line of takers.flatMap(linesOf)) lines.delete(line.person);
  return { lines, governing, takers };
}

/** Return the facts that concern the point now. The stream still has facts about people who are
 * only on earlier rolls.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls */
export function factsConcerning(point, facts, rolls) {
  return facts.filter(
    (fact) =>
      fact.record.point === point || rolls.lines.has(fact.person ?? "") || rolls.takers.includes(fact),
  );
}

/**
 * Compare the point's present roll with its roll at the freeze, and flag later rolls. `facts` is
 * the whole stream: a roll that no longer governs may have governed at the freeze.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls @param {Terms} terms
 * @param {import("./facts.js").Flags} flags
 */
export function changesSinceFrozen(point, facts, rolls, terms, flags) {
  const { roll_frozen_ms: rollFrozenMs } = terms;
  if (rollFrozenMs === null) return { added: [], removed: [] };
  const pointRolls = facts.filter(({ record }) => record.kind === "roll" && record.point === point);
  for (const roll of [...pointRolls, ...rolls.takers]) {
    if (roll.atMs > rollFrozenMs) flags.add(roll.id, "after_freeze");
  }
  const before = rollsOf(point, facts.filter((fact) => fact.atMs <= rollFrozenMs)).lines;
  return {
    added: [...rolls.lines.keys()].filter((person) => !before.has(person)).sort(),
    removed: [...before.keys()].filter((person) => !rolls.lines.has(person)).sort(),
  };
}

/** @returns {Line[]} */
function linesOf(/** @type {Fact} */ roll) {
  return roll.record.body.people.map((/** @type {any[]} */ [person, unit, position, seat, exempt]) => ({
    person,
    unit,
    position: position ?? "",
    seat: seat ?? "",
    exempt: exempt ?? false,
  }));
}
