/** The hall: whether it was ready, what went wrong, how people behaved, what is left to do. */

import { keyOf } from "./absence.js";
import { hasAuthority } from "./facts.js";
import { isHere, minutesBetween } from "./presence.js";

const ITEMS = ["power", "screen", "sound", "camera", "line", "backup_line", "seats", "printed_qr"];

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").ByKind} ByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {import("./settings.js").Terms} Terms
 */

/** What of the checklist is not in order, by the latest word on each item. @param {string} point @param {Terms} terms @param {ByKind} counting @param {Flags} flags */
export function missingItems(point, terms, counting, flags) {
  /** @type {Record<string, boolean>} */
  const said = {};
  for (const fact of counting.at(point, "readiness")) {
    Object.assign(said, fact.record.body.items);
    if (terms.readyByMs !== null && fact.atMs > terms.readyByMs) flags.add(fact.id, "late_readiness");
  }
  return ITEMS.filter((item) => !said[item]);
}

/**
 * Guests, and substitutes who checked in; one whom nobody approved is flagged.
 * @param {string} point @param {Map<string, unknown>} roll @param {import("./presence.js").Stays} stays
 * @param {Set<string>} approved @param {ByKind} counting @param {Flags} flags
 */
export function besideSummoned(point, roll, stays, approved, counting, flags) {
  const isApart = (/** @type {Fact} */ fact) => !roll.has(fact.person ?? "");
  /** @type {Map<string, {id: string, person: string, insteadOf: string, isApproved: boolean}>} */
  const substitutes = new Map();
  for (const fact of counting.at(point, "substitute").filter(isApart)) {
    const person = fact.person ?? "";
    if (!isHere(point, person, stays)) continue;
    const told = { id: fact.id, person, insteadOf: fact.record.body.for };
    substitutes.set(person, { ...told, isApproved: approved.has(keyOf(fact)) });
  }
  for (const each of substitutes.values()) if (!each.isApproved) flags.add(each.id, "wrong_composition");
  const guests = counting.at(point, "guest").filter(isApart).map((fact) => fact.person ?? fact.id);
  return { guests: new Set(guests.filter((each) => !substitutes.has(each))), substitutes };
}

/** @param {string} point @param {ByKind} counting */
export function conductOf(point, counting) {
  const sums = { call: 0, private_use: 0, disorder: 0 };
  for (const { record } of counting.at(point, "conduct")) {
    sums[/** @type {keyof typeof sums} */ (record.body.category)] += record.body.count ?? 1;
  }
  return sums;
}

/** The incidents, in the order in which they were first told. @param {string} point @param {ByKind} counting @param {Flags} flags */
export function troublesOf(point, counting, flags) {
  return [...latestOf(counting.at(point, "incident"), flags)].map(([id, { record }]) => ({
    id,
    what: record.body.what,
    fromMs: Date.parse(record.body.from),
    untilMs: record.body.until ? Date.parse(record.body.until) : null,
  }));
}

/** @param {ReturnType<typeof troublesOf>} troubles @param {Terms} terms */
export function troubleMinutes(troubles, terms) {
  return troubles
    .map((each) => Math.max(0, minutesBetween(each.fromMs, each.untilMs ?? terms.endsMs)))
    .reduce((sum, each) => sum + each, 0);
}

/** What is left to do, each task as it was last told. @param {string} point @param {ByKind} counting @param {Flags} flags */
export function followUpsOf(point, counting, flags) {
  const told = counting.at(point, "follow_up");
  const essays = told.filter((fact) => fact.record.body.essays).at(-1)?.record.body.essays;
  const tasks = latestOf(told.filter((fact) => fact.record.body.item), flags);
  return {
    tasks: [...tasks].map(([id, { record, person }]) => ({
      id,
      item: record.body.item,
      owner: person ?? null,
      dueMs: record.body.due ? Date.parse(record.body.due) : null,
      state: record.body.state ?? "open",
    })),
    essaysDueMs: essays ? Date.parse(essays.due) : null,
    essaysHandedIn: essays?.handed_in ?? 0,
  };
}

/** The latest word on each matter, by the id that first told of it; who may not void it does not replace it. @param {Fact[]} facts @param {Flags} flags */
function latestOf(facts, flags) {
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  /** @type {Map<string, Fact>} */
  const firstOf = new Map();
  for (const fact of facts) {
    const first = firstOf.get(fact.record.refs?.[0] ?? "");
    if (first && !hasAuthority(fact.record, first.record)) {
      flags.add(fact.id, "without_authority");
      continue;
    }
    firstOf.set(fact.id, first ?? fact);
    latest.set((first ?? fact).id, fact);
  }
  return latest;
}
