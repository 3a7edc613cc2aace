/** Who is here, by the records that this device has: its own, and those of its point's stream. */

import { mayVoid, standingOf } from "../standing.js";

/** What counts here: what waits, and what the server let in. */
const COUNTING = new Set(["queued", "stored", "released"]);

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").StreamRecord} StreamRecord
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../standing.js").PersonStanding} PersonStanding
 * @typedef {{of: Map<string, PersonStanding>, counts: import("../standing.js").PointStanding["counts"],
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
  const records = [
    ...own.filter((each) => COUNTING.has(each.fate)).map((each) => each.record),
    ...stream, // which has our own again, once the server has them
  ];
  const standing = standingOf(point, records, (record) => ({
    atMs: Date.parse(/** @type {StreamRecord} */ (record).at_corrected ?? told.get(record) ?? record.at),
    isDoubtful: false, // the server tells, which has seen the clocks
  }));
  const everybody = [...standing.people, ...standing.visitors, ...standing.exempt];
  return { of: new Map(everybody.map((each) => [each.person, each])), counts: standing.counts, records };
}

/**
 * The check-ins of a person that stand and that this writer may take back.
 * @param {LedgerRecord[]} records @param {{by: string, point: string}} writer @param {string} person
 */
export function undoable(records, writer, person) {
  const voids = records.filter((each) => each.kind === "void");
  /** @type {Map<string, LedgerRecord>} */
  const distinct = new Map(records.map((each) => [each.id, each]));
  return [...distinct.values()].filter(
    (each) =>
      each.kind === "check_in" &&
      each.person === person &&
      mayVoid({ ...writer, person }, each) &&
      !voids.some((other) => other.refs?.[0] === each.id && mayVoid(other, each)),
  );
}
