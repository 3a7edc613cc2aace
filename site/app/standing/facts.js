/** Facts: records placed in time, once each, less what rulings and voids take away. */

/**
 * @typedef {import("../kiosk/types.js").LedgerRecord} LedgerRecord
 * @typedef {{atMs: number, isDoubtful: boolean}} Moment
 * `person` is whom it concerns, a newcomer by the code that a ruling has told since.
 * @typedef {{atMs: number, device: string, seq: number, id: string, person: string | undefined,
 *   record: LedgerRecord, isDoubtful: boolean}} Fact
 */

const HEADQUARTERS = "headquarters";
const SET_BY_OFFICE = new Set(["setting", "roll", "ruling"]);

/** Collects flags by record id, or by the point's code for what is odd of the point itself. */
export class Flags {
  /** @type {Map<string, Set<string>>} */
  #of = new Map();

  add(/** @type {string} */ key, /** @type {string} */ flag) {
    const known = this.#of.get(key) ?? new Set();
    this.#of.set(key, known.add(flag));
  }

  /** @param {string[]} keys */
  of(keys) {
    return [...new Set(keys.flatMap((key) => [...(this.#of.get(key) ?? [])]))].sort();
  }

  all() {
    return Object.fromEntries([...this.#of.keys()].sort().map((key) => [key, this.of([key])]));
  }
}

/** The facts that count, by kind, each kind in order. */
export class ByKind {
  /** @type {Map<string, Fact[]>} */
  #of = new Map();

  /** @param {Fact[]} facts */
  constructor(facts) {
    for (const fact of facts) {
      const known = this.#of.get(fact.record.kind);
      if (known) known.push(fact);
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

/** Negative, zero or positive, as facts are ordered: by (corrected time, device, seq, id). */
export function byOrder(/** @type {Fact} */ a, /** @type {Fact} */ b) {
  return a.atMs - b.atMs || compare(a.device, b.device) || a.seq - b.seq || compare(a.id, b.id);
}

export function compare(/** @type {string} */ a, /** @type {string} */ b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** When it happened: as stated, if a person states it, else the corrected time. */
export function happenedMs(/** @type {Fact} */ fact) {
  const stated = fact.record.body.happened_at;
  return stated ? Date.parse(stated) : fact.atMs;
}

/**
 * Order the records, once each: the forms of an id that count, as rulings have it.
 * @param {string} point @param {LedgerRecord[]} records
 * @param {(record: LedgerRecord) => Moment} momentOf @param {Flags} flags
 * @returns {Fact[]}
 */
export function inOrder(point, records, momentOf, flags) {
  /** @type {Map<string, Map<string, LedgerRecord>>} */
  const forms = new Map();
  for (const record of records) {
    const known = forms.get(record.id) ?? new Map();
    forms.set(record.id, known.set(spelled(record), record));
  }
  /** @type {Map<string, LedgerRecord[]>} */
  const counting = new Map();
  for (const [id, known] of forms) counting.set(id, notCancelled(point, [...known.values()], flags));
  const rulings = [...counting.values()].flat().filter((record) => record.kind === "ruling");
  rulings.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || compare(a.device, b.device) || compare(a.id, b.id));
  /** @type {Map<string, string>} */
  const aliases = new Map();
  for (const ruling of rulings) {
    if (ruling.body.as) aliases.set(ruling.person ?? "", ruling.body.as);
    else {
      const ref = ruling.refs?.[0] ?? "";
      rule(ruling, ref, counting);
      const told = [ruling, ...(forms.get(ref)?.values() ?? [])];
      if (told.some((each) => each.point === point)) flags.add(ref, "ruled");
    }
  }
  return [...counting.values()]
    .flat()
    .map((record) => ({
      ...momentOf(record),
      device: record.device,
      seq: record.seq ?? 0,
      id: record.id,
      person: aliases.get(record.person ?? "") ?? record.person,
      record,
    }))
    .sort(byOrder);
}

/** A record's one spelling: keys sorted, what the server adds and what is null or empty left out. */
function spelled(/** @type {LedgerRecord} */ record) {
  const { at_corrected: _, ...told } = /** @type {any} */ (record);
  return JSON.stringify(told, (_key, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(
          Object.keys(value)
            .sort()
            .map((key) => [key, value[key]])
            .filter(([key, own]) => key === "seq" || (own !== null && !(key === "refs" && own.length === 0))),
        )
      : value,
  );
}

/** @param {string} point @param {LedgerRecord[]} forms @param {Flags} flags */
function notCancelled(point, forms, flags) {
  return forms.filter((record) => {
    const isCancelled = forms.some((other) => other !== record && hasAuthority(other, record));
    if (isCancelled && record.point === point) flags.add(record.id, "id_reuse");
    return !isCancelled;
  });
}

/** @param {LedgerRecord} ruling @param {string} ref @param {Map<string, LedgerRecord[]>} counting */
function rule(ruling, ref, counting) {
  const ofOffice = (counting.get(ref) ?? []).filter((record) => SET_BY_OFFICE.has(record.kind));
  counting.set(ref, ruling.body.record ? [...ofOffice, ruling.body.record] : ofOffice);
}

/**
 * Take away what voids take back, and the voids; `undone` are the pairs of both.
 * @param {Fact[]} facts @param {Flags} flags
 */
export function withoutVoided(facts, flags) {
  const voids = facts.filter((fact) => fact.record.kind === "void");
  /** @type {[Fact, Fact][]} */
  const undone = [];
  for (const fact of voids) {
    const targets = facts.filter((each) => each.id === fact.record.refs?.[0]);
    const allowed = targets.filter((target) => mayVoid(fact.record, target.record));
    for (const target of allowed) undone.push([fact, target]);
    if (targets.length > 0 && allowed.length === 0) flags.add(fact.id, "without_authority");
  }
  const gone = new Set([...voids, ...undone.map(([, target]) => target)]);
  return { facts: facts.filter((fact) => !gone.has(fact)), undone };
}

/** Whether the record is attested by a clerk or headquarters, or its person's own. */
export function actsInPerson(/** @type {Fact} */ fact) {
  return ["clerk", HEADQUARTERS, fact.record.person].includes(fact.record.by);
}

/**
 * Whether a void takes effect on a record.
 * @param {{by: string, point: string, person?: string}} writer @param {LedgerRecord} target
 */
export function mayVoid(writer, target) {
  if (target.kind === "void" || SET_BY_OFFICE.has(target.kind)) return false;
  if ((writer.person ?? null) !== (target.person ?? null)) return false;
  // What a reopening is for, with its reason.
  const isSigned = target.kind === "closing" || target.kind === "reopening";
  if (isSigned && writer.by !== HEADQUARTERS) return false;
  return writer.point === target.point && hasAuthority(writer, target);
}

/** Whether who wrote the one may undo the other. @param {{by: string, point: string}} writer @param {LedgerRecord} target */
export function hasAuthority(writer, target) {
  return writer.by === HEADQUARTERS || (writer.by === target.by && writer.point === target.point);
}
