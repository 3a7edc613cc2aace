/** Turns records into facts (records with a corrected time), sorts the facts, drops duplicates, and
 * applies rulings and voids. */

/**
 * @typedef {import("../kiosk/types.js").LedgerRecord} LedgerRecord
 * @typedef {{atMs: number, isDoubtful: boolean}} CorrectedTime
 * `Fact.person` is the person whom the record concerns; for a newcomer, the code that a ruling gave later.
 * @typedef {{atMs: number, device: string, seq: number, id: string, person: string | undefined,
 *   record: LedgerRecord, isDoubtful: boolean}} Fact
 */

const HEADQUARTERS = "headquarters";
const SET_BY_OFFICE = new Set(["setting", "roll", "ruling"]);

/** A set of flags for every record id. Flags of the point itself are stored under the point's code. */
export class Flags {
  /** @type {Map<string, Set<string>>} */
  #of = new Map();

  add(/** @type {string} */ key, /** @type {string} */ flag) {
    const keyFlags = this.#of.get(key) ?? new Set();
    this.#of.set(key, keyFlags.add(flag));
  }

  /** Return the flags of these keys together, sorted and without duplicates.
   * @param {string[]} keys */
  of(keys) {
    return [...new Set(keys.flatMap((key) => [...(this.#of.get(key) ?? [])]))].sort();
  }

  all() {
    return Object.fromEntries([...this.#of.keys()].sort().map((key) => [key, this.of([key])]));
  }
}

/** An index of the facts in force by kind. Within a kind, facts keep the order of the constructor's
 * argument. */
export class FactsByKind {
  /** @type {Map<string, Fact[]>} */
  #of = new Map();

  /** Group facts by their record's kind. @param {Fact[]} facts */
  constructor(facts) {
    for (const fact of facts) {
      const factsOfKind = this.#of.get(fact.record.kind);
      if (factsOfKind) factsOfKind.push(fact);
      else this.#of.set(fact.record.kind, [fact]);
    }
  }

  of(/** @type {string} */ kind) {
    return this.#of.get(kind) ?? [];
  }

  at(/** @type {string} */ point, /** @type {string} */ kind) {
    return this.of(kind).filter((fact) => fact.record.point === point);
  }
}

/** Compare two facts for sorting: by corrected time, then device, `seq` and id. Return a negative
 * number if `a` comes first. */
export function byOrder(/** @type {Fact} */ a, /** @type {Fact} */ b) {
  return a.atMs - b.atMs || compare(a.device, b.device) || a.seq - b.seq || compare(a.id, b.id);
}

/** Compare two texts by their code units, for sorting that does not depend on the locale. Return
 * -1, 0 or 1. */
export function compare(/** @type {string} */ a, /** @type {string} */ b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Return when a fact happened, in ms since 1970 UTC: the time that a person stated
 * (`happened_at`), else the corrected time. */
export function happenedMs(/** @type {Fact} */ fact) {
  const stated = fact.record.body.happened_at;
  return stated ? Date.parse(stated) : fact.atMs;
}

/**
 * Turn a stream's records into facts, sorted by `byOrder`. Identical copies of a record count
 * once. Of different records with the same id, drop every record that another one cancels. Then let
 * rulings replace or remove records. Flag `id_reuse` and `ruled` on records that concern this
 * point.
 * @param {string} point @param {LedgerRecord[]} records
 * @param {(record: LedgerRecord) => CorrectedTime} correctedTimeOf @param {Flags} flags
 * @returns {Fact[]}
 */
export function factsInOrder(point, records, correctedTimeOf, flags) {
  /** @type {Map<string, Map<string, LedgerRecord>>} */
  const forms = new Map();
  for (const record of records) {
    const formsOfId = forms.get(record.id) ?? new Map();
    forms.set(record.id, formsOfId.set(canonicalJson(record), record));
  }
  /** @type {Map<string, LedgerRecord[]>} */
  const effective = new Map();
  for (const [id, formsOfId] of forms) effective.set(id, withoutCancelled(point, [...formsOfId.values()], flags));
  const rulings = [...effective.values()].flat().filter((record) => record.kind === "ruling");
  rulings.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || compare(a.device, b.device) || compare(a.id, b.id));
  /** @type {Map<string, string>} */
  const aliases = new Map();
  for (const ruling of rulings) {
    if (ruling.body.as) aliases.set(ruling.person ?? "", ruling.body.as);
    else {
      const ref = ruling.refs?.[0] ?? "";
      applyRuling(ruling, ref, effective);
      const affected = [ruling, ...(forms.get(ref)?.values() ?? [])];
      if (affected.some((record) => record.point === point)) flags.add(ref, "ruled");
    }
  }
  return [...effective.values()]
    .flat()
    .map((record) => ({
      ...correctedTimeOf(record),
      device: record.device,
      seq: record.seq ?? 0,
      id: record.id,
      person: aliases.get(record.person ?? "") ?? record.person,
      record,
    }))
    .sort(byOrder);
}

/** Return a record as canonical JSON, for comparing copies: sorted keys, without the corrected
 * time, nulls (except `seq`) and empty `refs`. */
function canonicalJson(/** @type {LedgerRecord} */ record) {
  const { at_corrected: _, ...fields } = /** @type {any} */ (record);
  return JSON.stringify(fields, (_key, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(
          Object.keys(value)
            .sort()
            .map((key) => [key, value[key]])
            .filter(([key, fieldValue]) => key === "seq" || (fieldValue !== null && !(key === "refs" && fieldValue.length === 0))),
        )
      : value,
  );
}

/** Return the records that no other record in `forms` cancels; all of them have the same id. Flag
 * `id_reuse` on dropped records of this point.
 * @param {string} point @param {LedgerRecord[]} forms @param {Flags} flags */
function withoutCancelled(point, forms, flags) {
  return forms.filter((record) => {
    const isCancelled = forms.some((other) => other !== record && mayCancel(other, record));
    if (isCancelled && record.point === point) flags.add(record.id, "id_reuse");
    return !isCancelled;
  });
}

/** Return whether `form` cancels `other`, a different record with the same id. The writer of `form`
 * must have authority to void `other`; a void is never cancelled.
 * @param {LedgerRecord} form @param {LedgerRecord} other */
function mayCancel(form, other) {
  return other.kind !== "void" && !needsHeadquarters(form, other) && hasAuthority(form, other);
}

/** Replace the records whose id is `ref` by the record in the ruling, or remove them if the ruling
 * contains no record. Settings, rolls and rulings remain. Changes `effective` in place.
 * @param {LedgerRecord} ruling @param {string} ref @param {Map<string, LedgerRecord[]>} effective */
function applyRuling(ruling, ref, effective) {
  const ofOffice = (effective.get(ref) ?? []).filter((record) => SET_BY_OFFICE.has(record.kind));
  effective.set(ref, ruling.body.record ? [...ofOffice, ruling.body.record] : ofOffice);
}

/**
 * Return the facts without voids and voided facts. `undone` pairs every void with a fact that it
 * removed. Flag `without_authority` on a void whose writer may remove none of its targets.
 * @param {Fact[]} facts @param {Flags} flags
 */
export function withoutVoided(facts, flags) {
  const voids = facts.filter((fact) => fact.record.kind === "void");
  /** @type {[Fact, Fact][]} */
  const undone = [];
  for (const fact of voids) {
    const targets = facts.filter((candidate) => candidate.id === fact.record.refs?.[0]);
    const allowed = targets.filter((target) => mayVoid(fact.record, target.record));
    for (const target of allowed) undone.push([fact, target]);
    if (targets.length > 0 && allowed.length === 0) flags.add(fact.id, "without_authority");
  }
  const removed = new Set([...voids, ...undone.map(([, target]) => target)]);
  return { facts: facts.filter((fact) => !removed.has(fact)), undone };
}

/** Return whether the record's author is the person concerned, a clerk or headquarters. */
export function isByEntitledAuthor(/** @type {Fact} */ fact) {
  return ["clerk", HEADQUARTERS, fact.record.person].includes(fact.record.by);
}

/**
 * Return whether a void by this writer removes a record. The void must name the record's person
 * and point, and the writer needs authority (`hasAuthority`). Nobody can void a void, a setting, a
 * roll or a ruling; only headquarters can void a closing or a reopening.
 * @param {{by: string, point: string, person?: string}} writer @param {LedgerRecord} target
 */
export function mayVoid(writer, target) {
  if (target.kind === "void" || SET_BY_OFFICE.has(target.kind)) return false;
  if ((writer.person ?? null) !== (target.person ?? null)) return false;
  if (needsHeadquarters(writer, target)) return false;
  return writer.point === target.point && hasAuthority(writer, target);
}

/** Return whether the target is a closing or a reopening and the writer is not headquarters, which
 * alone may void these. A point cancels its closing with a reopening instead, which needs a
 * reason.
 * @param {{by: string}} writer @param {LedgerRecord} target */
function needsHeadquarters(writer, target) {
  return (target.kind === "closing" || target.kind === "reopening") && writer.by !== HEADQUARTERS;
}

/** Return whether a writer may undo or replace a record: headquarters always, other writers if they
 * have the same role and point as the record's author.
 * @param {{by: string, point: string}} writer @param {LedgerRecord} target */
export function hasAuthority(writer, target) {
  return writer.by === HEADQUARTERS || (writer.by === target.by && writer.point === target.point);
}
