/** Who is here, by the records that this device has: its own, and those of its point's stream. */

const MINUTE_MS = 60_000;

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").StreamRecord} StreamRecord
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {{record: LedgerRecord, atMs: number}} Fact
 * `checkIns` are all that stand, the earliest first: it is the one that counts.
 * @typedef {{checkIns: LedgerRecord[], atMs: number, lateMinutes: number | null}} Presence
 */

/**
 * @param {OwnRecord[]} own
 * @param {StreamRecord[]} stream
 * @returns {Map<string, Presence>} by person; who is not in it has not been recorded
 */
export function presenceOf(own, stream) {
  const facts = inOrder(own, stream);
  const lateAfter = lateLimit(facts);
  const voids = facts.map(({ record }) => record).filter((record) => record.kind === "void");
  /** @type {Map<string, Presence>} */
  const present = new Map();
  for (const { record, atMs } of facts) {
    if (record.kind !== "check_in" || !record.person) continue;
    if (voids.some((each) => each.refs?.[0] === record.id && mayVoid(each, record))) continue;
    const before = present.get(record.person);
    if (before) {
      before.checkIns.push(record);
      continue;
    }
    const isLate = lateAfter !== null && atMs > lateAfter.limitMs;
    const lateMinutes = isLate ? Math.floor((atMs - lateAfter.startsMs) / MINUTE_MS) : null;
    present.set(record.person, { checkIns: [record], atMs, lateMinutes });
  }
  return present;
}

/**
 * Whether a void takes effect, as the server judges it.
 * @param {{by: string, point: string, person?: string}} writer
 * @param {LedgerRecord} target
 */
export function mayVoid(writer, target) {
  if (writer.person !== target.person || writer.point !== target.point) return false;
  return writer.by === target.by || writer.by === "headquarters";
}

/** One fact a record, by corrected time, as the server orders them. A refused one is none. */
function inOrder(/** @type {OwnRecord[]} */ own, /** @type {StreamRecord[]} */ stream) {
  /** @type {Map<string, Fact>} */
  const facts = new Map();
  for (const { record, fate, atCorrected } of own) {
    if (fate !== "refused") facts.set(record.id, { record, atMs: Date.parse(atCorrected ?? record.at) });
  }
  for (const record of stream) {
    facts.set(record.id, { record, atMs: Date.parse(record.at_corrected) });
  }
  return [...facts.values()].sort(
    (a, b) =>
      a.atMs - b.atMs ||
      compare(a.record.device, b.record.device) ||
      (a.record.seq ?? 0) - (b.record.seq ?? 0) ||
      compare(a.record.id, b.record.id),
  );
}

/** From when on who comes is late; null until a setting has said when the meeting starts. */
function lateLimit(/** @type {Fact[]} */ facts) {
  let startsMs = null;
  let graceMs = 0;
  for (const { record } of facts) {
    if (record.kind !== "setting") continue;
    if (record.body.starts_at) startsMs = Date.parse(record.body.starts_at);
    if (record.body.grace_minutes !== undefined) graceMs = record.body.grace_minutes * MINUTE_MS;
  }
  return startsMs === null ? null : { startsMs, limitMs: startsMs + graceMs };
}

function compare(/** @type {string} */ a, /** @type {string} */ b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
