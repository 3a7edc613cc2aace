/** Requests for leave and for substitutes, and their states. */

import { recordsInForce } from "./standing.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 */

/** Return the leave requests that are not voided.
 * @param {Desk} desk @returns {LedgerRecord[]} */
export function requestsOf(desk) {
  return recordsInForce(desk.hall.records).filter((record) => record.kind === "absence_request");
}

/** Return the requests that wait for a decision. @param {Desk} desk @returns {LedgerRecord[]} */
export function waitingOf(desk) {
  const kinds = ["absence_request", "substitute"];
  return recordsInForce(desk.hall.records).filter(
    (record) => kinds.includes(record.kind) && requestState(desk, record) === "pending",
  );
}

/** Return the state of a request, by the records on this device. @param {Desk} desk @param {LedgerRecord} request
 * @returns {"pending" | "approved" | "declined" | "withdrawn"} */
export function requestState(desk, request) {
  const related = recordsInForce(desk.hall.records).filter((record) => record.refs?.[0] === request.id);
  if (related.some((record) => record.kind === "absence_withdrawal")) return "withdrawn";
  const flags = desk.hall.all.flags;
  const decisions = related.filter(
    (record) => record.kind === "absence_decision" && !flags[record.id]?.includes("without_authority"),
  );
  const timestampOf = (/** @type {LedgerRecord} */ record) => /** @type {any} */ (record).at_corrected ?? record.at;
  const last = decisions.sort((a, b) => timestampOf(a).localeCompare(timestampOf(b))).at(-1);
  if (!last) return "pending";
  return last.body.decision === "approve" ? "approved" : "declined";
}

/** Return the substitute for a person, or null. @param {Desk} desk @param {string} person */
export function substituteOf(desk, person) {
  return desk.hall.all.substitutes.find((substitute) => substitute.insteadOf === person)?.person ?? null;
}
