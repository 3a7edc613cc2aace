/** Judges the records about a hall: readiness, other attendees, conduct, incidents, follow-up tasks
 * and feedback. */

import { requestKey } from "./requests.js";
import { hasAuthority } from "./facts.js";
import { wasInHall, minutesBetween } from "./presence.js";
import rules from "../../rules.json" with { type: "json" };


/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").FactsByKind} FactsByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {import("./settings.js").Terms} Terms
 */

/** Return the items of the readiness checklist that the hall has never reported, or has last
 * reported as missing. Flag `late_readiness` on reports after the deadline.
 * @param {string} point @param {Terms} terms @param {FactsByKind} effective @param {Flags} flags */
export function missingItems(point, terms, effective, flags) {
  /** @type {Record<string, boolean>} */
  const itemStates = {};
  for (const fact of effective.at(point, "readiness")) {
    Object.assign(itemStates, fact.record.body.items);
    if (terms.ready_by_ms !== null && fact.atMs > terms.ready_by_ms) flags.add(fact.id, "late_readiness");
  }
  return rules.readiness_items.filter((item) => !itemStates[item]);
}

/**
 * Return the attendees who are not on the roll: `guests`, a set of person codes (or record ids
 * without a code), and `substitutes` who checked in, by person code. Flag `wrong_composition` on
 * substitutes who were not approved.
 * @param {string} point @param {Map<string, unknown>} roll @param {import("./presence.js").Stays} stays
 * @param {Set<string>} approved @param {FactsByKind} effective @param {Flags} flags
 */
export function otherAttendeesOf(point, roll, stays, approved, effective, flags) {
  const isOffRoll = (/** @type {Fact} */ fact) => !roll.has(fact.person ?? "");
  /** @type {Map<string, {id: string, person: string, instead_of: string, is_approved: boolean}>} */
  const substitutes = new Map();
  for (const fact of effective.at(point, "substitute").filter(isOffRoll)) {
    const person = fact.person ?? "";
    if (!wasInHall(point, person, stays)) continue;
    const fields = { id: fact.id, person, instead_of: fact.record.body.for };
    substitutes.set(person, { ...fields, is_approved: approved.has(requestKey(fact)) });
  }
  for (const substitute of substitutes.values()) if (!substitute.is_approved) flags.add(substitute.id, "wrong_composition");
  const guests = effective.at(point, "guest").filter(isOffRoll).map((fact) => fact.person ?? fact.id);
  return { guests: new Set(guests.filter((guest) => !substitutes.has(guest))), substitutes };
}

/** Return the number of breaches of conduct in every category (`call`, `private_use`, `disorder`).
 * @param {string} point @param {FactsByKind} effective */
export function conductOf(point, effective) {
  const sums = { call: 0, private_use: 0, disorder: 0 };
  for (const { record } of effective.at(point, "conduct")) {
    sums[/** @type {keyof typeof sums} */ (record.body.category)] += record.body.count ?? 1;
  }
  return sums;
}

/** Return the incidents in the order of their first records, every one as last reported. Times are in ms
 * since 1970 UTC; `until_ms` is null while an incident lasts.
 * @param {string} point @param {FactsByKind} effective @param {Flags} flags */
export function incidentsOf(point, effective, flags) {
  return [...latestOf(effective.at(point, "incident"), flags)].map(([id, { record }]) => ({
    id,
    what: record.body.what,
    from_ms: Date.parse(record.body.from),
    until_ms: record.body.until ? Date.parse(record.body.until) : null,
  }));
}

/** Return the total length of the incidents in whole minutes. An incident without an end lasts
 * until the meeting ends.
 * @param {ReturnType<typeof incidentsOf>} incidents @param {Terms} terms */
export function incidentMinutes(incidents, terms) {
  return incidents
    .map((incident) => Math.max(0, minutesBetween(incident.from_ms, incident.until_ms ?? terms.ends_ms)))
    .reduce((sum, minutes) => sum + minutes, 0);
}

/** Return the tasks to do after the meeting, as last reported, and the essays' due time and the
 * number handed in. Times are in ms since 1970 UTC.
 * @param {string} point @param {FactsByKind} effective @param {Flags} flags */
export function followUpsOf(point, effective, flags) {
  const followUps = effective.at(point, "follow_up");
  const essays = followUps.filter((fact) => fact.record.body.essays).at(-1)?.record.body.essays;
  const tasks = latestOf(followUps.filter((fact) => fact.record.body.item), flags);
  return {
    tasks: [...tasks].map(([id, { record, person }]) => ({
      id,
      item: record.body.item,
      owner: person ?? null,
      due_ms: record.body.due ? Date.parse(record.body.due) : null,
      state: record.body.state ?? "open",
    })),
    essays_due_ms: essays ? Date.parse(essays.due) : null,
    essays_handed_in: essays?.handed_in ?? 0,
  };
}

/** Return the latest feedback of a point, or null: ratings by topic, and two texts that are "" if
 * not given.
 * @param {string} point @param {FactsByKind} effective */
export function feedbackOf(point, effective) {
  const fact = effective.at(point, "feedback").at(-1);
  if (!fact) return null;
  const { ratings, practice = "", proposal = "" } = fact.record.body;
  return { id: fact.id, ratings, practice, proposal };
}

/** Map the id of the first record about an incident or a task to the latest fact about it. Ignore a
 * later record whose writer may not void the first record, and flag it `without_authority`.
 * @param {Fact[]} facts @param {Flags} flags */
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
