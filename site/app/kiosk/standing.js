/** Who is here, by the records that this device has: its own, and those of its point's stream. */

import { mayVoid, standingOf } from "../standing.js";

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
 * @param {OwnRecord[]} own a refused one is none
 * @param {StreamRecord[]} stream
 * @returns {Hall}
 */
export function hallOf(point, own, stream) {
  /** @type {Map<string, number>} */
  const correctedMs = new Map();
  /** @type {Map<string, LedgerRecord>} */
  const records = new Map();
  for (const { record, fate, atCorrected } of own) {
    if (fate === "refused") continue;
    records.set(`${record.device} ${record.id}`, record);
    if (atCorrected) correctedMs.set(record.id, Date.parse(atCorrected));
  }
  for (const record of stream) {
    records.set(`${record.device} ${record.id}`, record);
    correctedMs.set(record.id, Date.parse(record.at_corrected));
  }
  const all = [...records.values()];
  const standing = standingOf(point, all, (record) => ({
    atMs: correctedMs.get(record.id) ?? Date.parse(record.at),
    isDoubtful: false, // the server tells, which has seen the clocks
  }));
  const everybody = [...standing.people, ...standing.visitors, ...standing.exempt];
  return {
    of: new Map(everybody.map((each) => [each.person, each])),
    counts: standing.counts,
    records: all,
  };
}

/**
 * The check-ins of a person that stand and that this writer may take back.
 * @param {LedgerRecord[]} records @param {{by: string, point: string}} writer @param {string} person
 */
export function undoable(records, writer, person) {
  const voids = records.filter((each) => each.kind === "void");
  return records.filter(
    (each) =>
      each.kind === "check_in" &&
      each.person === person &&
      mayVoid({ ...writer, person }, each) &&
      !voids.some((other) => other.refs?.[0] === each.id && mayVoid(other, each)),
  );
}
