/** Judges the standing of the hall, from this device's records and the records of its point's
 * stream. */

import { mayVoid, standingOf } from "../../rules/standing.js";

/** Fates of device records that count in the standing: waiting to be sent, or accepted by the
 * server. */
const EFFECTIVE_FATES = new Set(["queued", "stored", "released"]);

/**
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 * @typedef {import("../types.js").StreamRecord} StreamRecord
 * @typedef {import("../types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../../rules/standing.js").PersonStanding} PersonStanding
 * @typedef {PersonStanding & {isExempt?: boolean}} ShownStanding
 * @typedef {{of: Map<string, ShownStanding>, all: import("../../rules/standing.js").PointStanding,
 *   records: LedgerRecord[], atMsOf: (record: LedgerRecord) => number}} Hall
 */

/**
 * Return the standing of the hall, judged from the records of the device and of the stream. `of`
 * contains the standing of every person, `all` the standing of the point, and `records` the records
 * that were judged. `atMsOf` returns a record's time by the server's clock as far as known, in ms
 * since 1970 UTC.
 * @param {string} point
 * @param {DeviceRecord[]} deviceRecords held, refused and dismissed records among these do not count
 * @param {StreamRecord[]} stream
 * @returns {Hall}
 */
export function hallOf(point, deviceRecords, stream) {
  const ownTimes = new Map(deviceRecords.map(({ id, record, atCorrected, skewMs }) => [id, atCorrected ? Date.parse(atCorrected) : Date.parse(record.at) + (skewMs ?? 0)]));
  const atMsOf = (/** @type {LedgerRecord} */ record) => {
    const corrected = /** @type {StreamRecord} */ (record).at_corrected;
    return corrected ? Date.parse(corrected) : (ownTimes.get(record.id) ?? Date.parse(record.at));
  };
  const streamIds = new Set(stream.map((record) => record.id));
  const records = [
    // Once the server has this device's records, the stream contains these records too.
    ...deviceRecords.filter((deviceRecord) => EFFECTIVE_FATES.has(deviceRecord.fate) && !streamIds.has(deviceRecord.id)).map((deviceRecord) => deviceRecord.record),
    ...stream,
  ];
  const all = standingOf(point, records, (record) => ({
    atMs: atMsOf(record),
    isDoubtful: false, // the server judges clocks, because only the server can compare them
  }));
  const exempt = all.exempt.map((standing) => ({ ...standing, isExempt: true }));
  const standings = [...all.people, ...all.visitors, ...exempt];
  return { of: new Map(standings.map((standing) => [standing.person, standing])), all, records, atMsOf };
}

/**
 * Return the matching records that are not voided and that this writer may void, in their original
 * order.
 * @param {LedgerRecord[]} records @param {{by: string, point: string}} writer
 * @param {(record: LedgerRecord) => boolean} isMeant
 */
export function undoable(records, writer, isMeant) {
  const matching = recordsInForce(records).filter(isMeant);
  return matching.filter((record) => mayVoid({ ...writer, person: record.person }, record));
}

/** Return the records without duplicates and without voided records. The voids themselves remain.
 * @param {LedgerRecord[]} records */
export function recordsInForce(records) {
  const voids = records.filter((record) => record.kind === "void");
  /** @type {Map<string, LedgerRecord>} */
  const distinct = new Map(records.map((record) => [record.id, record]));
  return [...distinct.values()].filter(
    (record) => !voids.some((other) => other.refs?.[0] === record.id && mayVoid(other, record)),
  );
}

/** Return the highest `seq` of every device. A closing stores these to state which records its
 * signer had seen.
 * @param {LedgerRecord[]} records */
export function seenOf(records) {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const { device, seq } of records) if (seq) seen[device] = Math.max(seen[device] ?? 0, seq);
  return seen;
}
