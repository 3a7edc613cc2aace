/** Requests for leave and for substitutes, as the hall's standing judges them. */

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../../rules/requests.js").Request} Request
 */

/** Return the requests for leave. @param {Desk} desk @returns {Request[]} */
export function leaveRequestsOf(desk) {
  return desk.hall.all.requests.filter((request) => request.instead_of === null);
}

/** Return the requests that wait for a decision. @param {Desk} desk @returns {Request[]} */
export function waitingOf(desk) {
  return desk.hall.all.requests.filter((request) => request.state === "pending");
}

/** Return whether the written report that was to follow is still due. @param {Request} request */
export function isReportDue(request) {
  return request.flags.includes("document_pending");
}

/** Return the substitute for a person, or null. @param {Desk} desk @param {string} person */
export function substituteOf(desk, person) {
  return desk.hall.all.substitutes.find((substitute) => substitute.instead_of === person)?.person ?? null;
}
