/** Requests, for leave and for substitutes: which there are, and how each stands. */

import { standing } from "./standing.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 */

/** @param {Desk} desk @returns {LedgerRecord[]} */
export function requestsOf(desk) {
  return standing(desk.hall.records).filter((each) => each.kind === "absence_request");
}

/** What waits for somebody's decision. @param {Desk} desk @returns {LedgerRecord[]} */
export function waitingOf(desk) {
  const asked = ["absence_request", "substitute"];
  return standing(desk.hall.records).filter(
    (each) => asked.includes(each.kind) && requestState(desk, each) === "pending",
  );
}

/** How a request stands, by the records that are here. @param {Desk} desk @param {LedgerRecord} request
 * @returns {"pending" | "approved" | "declined" | "withdrawn"} */
export function requestState(desk, request) {
  const about = standing(desk.hall.records).filter((each) => each.refs?.[0] === request.id);
  if (about.some((each) => each.kind === "absence_withdrawal")) return "withdrawn";
  const flags = desk.hall.all.flags;
  const counting = about.filter(
    (each) => each.kind === "absence_decision" && !flags[each.id]?.includes("without_authority"),
  );
  const when = (/** @type {LedgerRecord} */ each) => /** @type {any} */ (each).at_corrected ?? each.at;
  const last = counting.sort((a, b) => when(a).localeCompare(when(b))).at(-1);
  if (!last) return "pending";
  return last.body.decision === "approve" ? "approved" : "declined";
}

/** Who stands in for somebody, if anyone. @param {Desk} desk @param {string} person */
export function substituteOf(desk, person) {
  return desk.hall.all.substitutes.find((each) => each.insteadOf === person)?.person ?? null;
}
