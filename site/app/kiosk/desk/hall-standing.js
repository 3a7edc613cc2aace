/** The standing of the hall by this device's records and by those of its point's stream. */

import { mayVoid, standingOf } from "../../rules/standing.js";

/** Fates of records that count here: waiting to be sent, or accepted by the server. */
const EFFECTIVE_FATES = new Set(["queued", "stored", "released"]);

/**
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 * @typedef {import("../types.js").StreamRecord} StreamRecord
 * @typedef {import("../types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../../rules/standing.js").PersonStanding} PersonStanding
 * @typedef {{of: Map<string, PersonStanding>, all: import("../../rules/standing.js").PointStanding,
 *   records: LedgerRecord[]}} Hall
 */

/**
 * Judge the hall by the records of the device and of the stream.
 * @param {string} point
 * @param {DeviceRecord[]} deviceRecords of these, held, refused or dismissed ones do not count
 * @param {StreamRecord[]} stream
 * @returns {Hall}
 */
export function hallOf(point, deviceRecords, stream) {
  const correctedTimes = new Map(deviceRecords.map((deviceRecord) => [deviceRecord.record, deviceRecord.atCorrected]));
  const streamIds = new Set(stream.map((record) => record.id));
  const records = [
    // The stream repeats this device's records once the server has them.
    ...deviceRecords.filter((deviceRecord) => EFFECTIVE_FATES.has(deviceRecord.fate) && !streamIds.has(deviceRecord.id)).map((deviceRecord) => deviceRecord.record),
    ...stream,
  ];
  const all = standingOf(point, records, (record) => ({
    atMs: Date.parse(/** @type {StreamRecord} */ (record).at_corrected ?? correctedTimes.get(record) ?? record.at),
    isDoubtful: false, // only the server judges clocks: it has seen them
  }));
  const standings = [...all.people, ...all.visitors, ...all.exempt];
  return { of: new Map(standings.map((standing) => [standing.person, standing])), all, records };
}

/**
 * Return the matching records that are not voided and that this writer may void, in their order.
 * @param {LedgerRecord[]} records @param {{by: string, point: string}} writer
 * @param {(record: LedgerRecord) => boolean} isMeant
 */
export function undoable(records, writer, isMeant) {
  const matching = recordsInForce(records).filter(isMeant);
  return matching.filter((record) => mayVoid({ ...writer, person: record.person }, record));
}

/** Return the records without repeats and without voided ones. @param {LedgerRecord[]} records */
export function recordsInForce(records) {
  const voids = records.filter((record) => record.kind === "void");
  /** @type {Map<string, LedgerRecord>} */
  const distinct = new Map(records.map((record) => [record.id, record]));
  return [...distinct.values()].filter(
    (record) => !voids.some((other) => other.refs?.[0] === record.id && mayVoid(other, record)),
  );
}

/** Return the highest `seq` by device: a closing states what its signer had seen.
 * @param {LedgerRecord[]} records */
export function seenOf(records) {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const { device, seq } of records) if (seq) seen[device] = Math.max(seen[device] ?? 0, seq);
  return seen;
}
