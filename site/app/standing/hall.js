/** The hall: whether it was ready, what went wrong, how people behaved, what is left to do. */

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
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  for (const fact of counting.at(point, "substitute").filter(isApart)) {
    if (isHere(point, fact.person ?? "", stays)) latest.set(fact.person ?? "", fact);
  }
  const unapproved = [...latest.values()].filter((fact) => !approved.has(fact.id));
  for (const fact of unapproved) flags.add(fact.id, "wrong_composition");
  const guests = counting.at(point, "guest").filter(isApart).map((fact) => fact.person ?? fact.id);
  return {
    guests: new Set(guests.filter((each) => !latest.has(each))),
    substitutes: new Set(latest.keys()),
    unapproved: unapproved.length,
  };
}

/** @param {string} point @param {ByKind} counting */
export function conductOf(point, counting) {
  const sums = { call: 0, private_use: 0, disorder: 0 };
  for (const { record } of counting.at(point, "conduct")) {
    sums[/** @type {keyof typeof sums} */ (record.body.category)] += record.body.count ?? 1;
  }
  return sums;
}

/** The incidents, in the order in which they were first told. @param {string} point @param {ByKind} counting */
export function troublesOf(point, counting) {
  return [...latestOf(counting.at(point, "incident"))].map(([id, { record }]) => ({
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

/** What is left to do, each task as it was last told. @param {string} point @param {ByKind} counting */
export function followUpsOf(point, counting) {
  const told = counting.at(point, "follow_up");
  const essays = told.filter((fact) => fact.record.body.essays).at(-1)?.record.body.essays;
  const tasks = latestOf(told.filter((fact) => fact.record.body.item));
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

/** The latest word on each matter, by the id that first told of it. @param {Fact[]} facts */
function latestOf(facts) {
  /** @type {Map<string, Fact>} */
  const latest = new Map();
  for (const fact of facts) latest.set(fact.record.refs?.[0] ?? fact.id, fact);
  return latest;
}
