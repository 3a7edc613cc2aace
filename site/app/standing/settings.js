/** Settings and rolls: what was arranged for a meeting at one point, and whom it summons. */

import { byOrder } from "./facts.js";

const MINUTE_MS = 60_000;
const REASONS = ["CONG_TAC", "DOT_XUAT", "BAT_KHA_KHANG", "OM", "NGHI_PHEP", "THAI_SAN", "VIEC_RIENG", "KHAC"];

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {{person: string, unit: string, position: string, seat: string, exempt: boolean}} Line
 * @typedef {{lines: Map<string, Line>, own: Fact | null, takers: Fact[]}} Rolls
 * @typedef {{fromMs: number, secretary: string | null, deputies: string[]}} Officers
 * @typedef {ReturnType<typeof termsOf>} Terms
 */

/** Fold the point's settings: for each field, the latest that names it. @param {string} point @param {Fact[]} facts */
export function termsOf(point, facts) {
  /** @type {Record<string, any>} */
  const said = {};
  /** @type {Officers[]} */
  const officers = [];
  for (const { record, atMs } of facts) {
    if (record.kind !== "setting" || record.point !== point) continue;
    Object.assign(said, record.body);
    if (record.body.officers) officers.push(officersOf(atMs, record.body.officers));
  }
  const graceMs = (said.grace_minutes ?? 0) * MINUTE_MS;
  const startsMs = ms(said.starts_at);
  return {
    startsMs,
    endsMs: ms(said.ends_at),
    graceMs,
    officers,
    absenceAuthority: said.absence_authority ?? "point",
    secretaryAuthority: said.secretary_authority ?? "headquarters",
    reasons: said.reasons ?? REASONS,
    capacity: said.capacity ?? null,
    guests: said.guests ?? 0,
    rollFrozenMs: ms(said.roll_frozen_at),
    readyByMs: ms(said.ready_by),
    isRehearsal: said.rehearsal ?? false,
    isCancelled: said.cancelled ?? false,
  };
}

/** @param {number} fromMs @param {[string, string][]} named @returns {Officers} */
function officersOf(fromMs, named) {
  const of = (/** @type {string} */ sought) =>
    named.filter(([, office]) => office === sought).map(([person]) => person);
  return { fromMs, secretary: of("secretary")[0] ?? null, deputies: of("deputy") };
}

/** Who is in office at a moment, by default last; before the first, the first. @param {Terms} terms @param {number} atMs @returns {Officers} */
export function officersAt({ officers }, atMs = Infinity) {
  const before = officers.filter((each) => each.fromMs <= atMs);
  return before.at(-1) ?? officers[0] ?? { fromMs: 0, secretary: null, deputies: [] };
}

/** Everybody who was in office at any moment. @param {Terms} terms @returns {string[]} */
export function allOfficers({ officers }) {
  const named = officers.flatMap(({ secretary, deputies }) => (secretary ? [secretary, ...deputies] : deputies));
  return [...new Set(named)];
}

/** From when on who comes is late. @param {Terms} terms */
export function lateAfterMs({ startsMs, graceMs }) {
  return startsMs === null ? null : startsMs + graceMs;
}

function ms(/** @type {string | undefined} */ instant) {
  return instant === undefined ? null : Date.parse(instant);
}

/** The point's latest roll, less those whom a later roll elsewhere names. @param {string} point @param {Fact[]} facts @returns {Rolls} */
export function rollsOf(point, facts) {
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  for (const fact of facts) if (fact.record.kind === "roll") latest.set(fact.record.point, fact);
  const own = latest.get(point);
  if (!own) return { lines: new Map(), own: null, takers: [] };
  latest.delete(point);
  const lines = new Map(linesOf(own).map((line) => [line.person, line]));
  const takers = [...latest.values()].filter(
    (other) => byOrder(other, own) > 0 && linesOf(other).some((line) => lines.has(line.person)),
  );
  for (const line of takers.flatMap(linesOf)) lines.delete(line.person);
  return { lines, own, takers };
}

/** Leave out what a stream lists only because of a roll that no longer governs. @param {string} point @param {Fact[]} facts @param {Rolls} rolls */
export function concerning(point, facts, rolls) {
  return facts.filter(
    (fact) =>
      fact.record.point === point || rolls.lines.has(fact.person ?? "") || rolls.takers.includes(fact),
  );
}

/**
 * Compare whom the point summons with whom it summoned when rolls were frozen.
 * @param {string} point @param {Fact[]} facts @param {Rolls} rolls @param {Terms} terms
 * @param {import("./facts.js").Flags} flags
 */
export function changesSinceFrozen(point, facts, rolls, terms, flags) {
  const { rollFrozenMs } = terms;
  if (rollFrozenMs === null) return { added: [], removed: [] };
  const own = facts.filter(({ record }) => record.kind === "roll" && record.point === point);
  for (const roll of [...own, ...rolls.takers]) {
    if (roll.atMs > rollFrozenMs) flags.add(roll.id, "after_freeze");
  }
  const frozen = own.filter((roll) => roll.atMs <= rollFrozenMs);
  const taken = rolls.takers.filter((roll) => roll.atMs <= rollFrozenMs).flatMap(people);
  const before = new Set(people(frozen.at(-1)).filter((person) => !taken.includes(person)));
  return {
    added: [...rolls.lines.keys()].filter((person) => !before.has(person)).sort(),
    removed: [...before].filter((person) => !rolls.lines.has(person)).sort(),
  };
}

function people(/** @type {Fact | undefined} */ roll) {
  return roll ? linesOf(roll).map((line) => line.person) : [];
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
