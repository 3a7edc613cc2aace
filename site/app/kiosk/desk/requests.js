/** Selects requests for leave and for substitutes from the hall's standing. */

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../../rules/requests.js").Request} Request
 */

/** Return the leave requests of the hall, in any state; requests for substitutes are left out.
 * @param {Desk} desk @returns {Request[]} */
export function leaveRequestsOf(desk) {
  return desk.hall.all.requests.filter((request) => request.instead_of === null);
}

/** Return the requests, for leave or for substitutes, that still wait for a decision.
 * @param {Desk} desk @returns {Request[]} */
export function waitingOf(desk) {
  return desk.hall.all.requests.filter((request) => request.state === "pending");
}

/** Return whether a promised written report has not come yet. @param {Request} request */
export function isReportDue(request) {
  return request.flags.includes("document_pending");
}

/** Return the code of the substitute who came in place of a person; null if there is none.
 * @param {Desk} desk @param {string} person */
export function substituteOf(desk, person) {
  return desk.hall.all.substitutes.find((substitute) => substitute.instead_of === person)?.person ?? null;
}
