/** Who is here, by the records that this device has: its own, and those of its point's stream. */

import { mayVoid, standingOf } from "../standing.js";

/** What counts here: what waits, and what the server let in. */
const COUNTING = new Set(["queued", "stored", "released"]);

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").StreamRecord} StreamRecord
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../standing.js").PersonStanding} PersonStanding
 * @typedef {{of: Map<string, PersonStanding>, all: import("../standing.js").PointStanding,
 *   records: LedgerRecord[]}} Hall
 */

/**
 * @param {string} point
 * @param {OwnRecord[]} own those held, refused or dismissed are none
 * @param {StreamRecord[]} stream
 * @returns {Hall}
 */
export function hallOf(point, own, stream) {
  const told = new Map(own.map((each) => [each.record, each.atCorrected]));
  const listed = new Set(stream.map((each) => each.id));
  const records = [
    // The stream has our own again, once the server has them.
    ...own.filter((each) => COUNTING.has(each.fate) && !listed.has(each.id)).map((each) => each.record),
    ...stream,
  ];
  const all = standingOf(point, records, (record) => ({
    atMs: Date.parse(/** @type {StreamRecord} */ (record).at_corrected ?? told.get(record) ?? record.at),
    isDoubtful: false, // the server tells, which has seen the clocks
  }));
  const everybody = [...all.people, ...all.visitors, ...all.exempt];
  return { of: new Map(everybody.map((each) => [each.person, each])), all, records };
}

/**
 * The records of a kind that stand and that this writer may take back, the latest last.
 * @param {LedgerRecord[]} records @param {{by: string, point: string}} writer
 * @param {(record: LedgerRecord) => boolean} isMeant
 */
export function undoable(records, writer, isMeant) {
  const meant = standing(records).filter(isMeant);
  return meant.filter((each) => mayVoid({ ...writer, person: each.person }, each));
}

/** Each record once, without those that were taken back. @param {LedgerRecord[]} records */
export function standing(records) {
  const voids = records.filter((each) => each.kind === "void");
  /** @type {Map<string, LedgerRecord>} */
  const distinct = new Map(records.map((each) => [each.id, each]));
  return [...distinct.values()].filter(
    (each) => !voids.some((other) => other.refs?.[0] === each.id && mayVoid(other, each)),
  );
}

/** The last number that is here of each device: what a closing has seen. @param {LedgerRecord[]} records */
export function seenOf(records) {
  /** @type {Record<string, number>} */
  const seen = {};
  for (const { device, seq } of records) if (seq) seen[device] = Math.max(seen[device] ?? 0, seq);
  return seen;
}
