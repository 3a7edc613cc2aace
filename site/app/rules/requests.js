/** Judges requests for leave and for substitutes, and the decisions on them. */

import { allows } from "./deciding.js";
import { isByEntitledAuthor, byOrder, compare } from "./facts.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").FactsByKind} FactsByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {import("./settings.js").Rolls} Rolls
 * @typedef {"approved" | "pending" | "declined" | "withdrawn"} State
 */

/** States of a request by priority. If a person has several requests, the state that comes first in
 * this list counts.
 * @type {State[]} */
const STATES = ["approved", "pending", "declined", "withdrawn"];

/**
 * @typedef {{id: string, kind: string, at_ms: number, by: string, decision: string | null,
 *   detail: string | null, flags: string[]}} Answer
 * @typedef {{id: string, point: string, person: string, instead_of: string | null, at_ms: number,
 *   by: string, report: string | null, due_ms: number | null, detail: string | null, state: State,
 *   flags: string[], answers: Answer[]}} Request
 * @typedef {{targets: Map<string, Fact>, byRequest: Map<string, State>, byPerson: Map<string, State>,
 *   live: Set<string>, away: Set<string>, approved: Set<string>, withoutEffect: Set<Fact>}} RequestStates
 */

/**
 * Judge the leave requests of people on the point's roll, and the substitutes at the point. In the
 * result, `live` are people with a request from before the closing that was not withdrawn. `away`
 * are people that the point does not expect because of a request. `approved` are keys of approved
 * requests and substitutes. `withoutEffect` are answers to requests that are not judged here, and
 * documents from people without authority.
 * @param {string} point @param {import("./settings.js").Terms} terms
 * @param {import("./chair.js").Chairing} chairing @param {Fact | null} closing
 * @param {Rolls} rolls @param {FactsByKind} effective @param {Flags} flags @returns {RequestStates}
 */
export function judgeRequests(point, terms, chairing, closing, rolls, effective, flags) {
  const requests = effective.of("absence_request").filter((fact) => {
    const isHere = rolls.lines.has(fact.person ?? "");
    if (isHere && !isByEntitledAuthor(fact)) flags.add(fact.id, "without_authority");
    return isHere && isByEntitledAuthor(fact);
  });
  const targets = new Map([...requests, ...effective.at(point, "substitute")].map((fact) => [requestKey(fact), fact]));
  const isAfterClosing = (/** @type {Fact} */ fact) => closing !== null && byOrder(fact, closing) > 0;
  // Headquarters may decide at any time, the point only until its closing.
  const isEntitled = (/** @type {Fact} */ decision, /** @type {Fact} */ target) => {
    const { by } = decision.record;
    if (by === "headquarters") return true;
    if (decision.record.point !== point || isAfterClosing(decision)) return false;
    return allows(terms, chairing, by, target.person ?? null, replacedPerson(target), decision.atMs);
  };

  /** @type {Map<string, Fact>} */
  const decisions = new Map();
  for (const decision of effective.of("absence_decision")) {
    const target = targets.get(answeredRequestKey(decision));
    if (!target) continue;
    if (isEntitled(decision, target)) decisions.set(requestKey(target), decision);
    else flags.add(decision.id, "without_authority");
  }
  /** @type {Set<string>} */
  const withdrawn = new Set();
  for (const fact of effective.of("absence_withdrawal")) {
    const request = targets.get(answeredRequestKey(fact));
    if (!request) continue;
    // After the closing, headquarters may still withdraw a request that it made itself.
    const isInTime = !isAfterClosing(fact) || (fact.record.by === "headquarters" && request.record.by === "headquarters");
    if (isAnswer(fact, request) && isInTime) withdrawn.add(requestKey(request));
    else flags.add(fact.id, "without_authority");
  }
  const byRequest = new Map(
    [...targets.keys()].map((key) => [key, withdrawn.has(key) ? "withdrawn" : stateOf(decisions.get(key))]),
  );

  /** @type {Map<string, Set<State>>} */
  const statesByPerson = new Map();
  /** @type {Set<string>} */
  const live = new Set();
  /** @type {Set<string>} */
  const away = new Set();
  for (const request of requests) {
    const [key, person] = [requestKey(request), request.person ?? ""];
    const decision = decisions.get(key);
    const state = byRequest.get(key) ?? "pending";
    statesByPerson.set(person, (statesByPerson.get(person) ?? new Set()).add(state));
    if (state !== "withdrawn" && !isAfterClosing(request)) live.add(person);
    const isLate = decision !== undefined && terms.starts_ms !== null && decision.atMs > terms.starts_ms;
    if (decision && state === "approved" && isLate) flags.add(decision.id, "late_approval");
    if (state === "approved" || state === "pending") flagDocument(request, effective, flags);
    const isOurs = request.record.point === point || request.record.by !== "clerk";
    if (state === "approved" || (state === "pending" && isOurs)) away.add(person);
  }
  /** @type {Map<string, State>} */
  const byPerson = new Map();
  for (const [person, states] of statesByPerson) {
    byPerson.set(person, STATES.find((candidate) => states.has(candidate)) ?? "pending");
  }
  const approved = new Set([...byRequest].filter(([, state]) => state === "approved").map(([key]) => key));
  const withoutEffect = new Set(
    answersIn(effective).filter((fact) => {
      const target = targets.get(answeredRequestKey(fact));
      return !target || (fact.record.kind === "absence_document" && !isAnswer(fact, target));
    }),
  );
  return { targets, byRequest, byPerson, live, away, approved, withoutEffect };
}

/** Return all requests, sorted by time and id. Every request lists its documents, decisions and
 * withdrawals as `answers`, in order of time. Times are in ms since 1970 UTC.
 * @param {RequestStates} states @param {FactsByKind} effective @param {Flags} flags @returns {Request[]} */
export function requestsOf(states, effective, flags) {
  const answers = answersIn(effective).sort(byOrder);
  const requests = [...states.targets].map(([key, fact]) => ({
    id: fact.id,
    point: fact.record.point,
    person: fact.person ?? "",
    instead_of: replacedPerson(fact),
    at_ms: fact.atMs,
    by: fact.record.by,
    report: fact.record.body.report ?? null,
    due_ms: fact.record.body.to_follow_by ? Date.parse(fact.record.body.to_follow_by) : null,
    detail: fact.record.body.detail ?? null,
    state: states.byRequest.get(key) ?? "pending",
    flags: flags.of([fact.id]),
    answers: answers
      .filter((answer) => answeredRequestKey(answer) === key)
      .map((answer) => ({
        id: answer.id,
        kind: answer.record.kind,
        at_ms: answer.atMs,
        by: answer.record.by,
        decision: answer.record.body.decision ?? null,
        detail: answer.record.body.detail ?? null,
        flags: flags.of([answer.id]),
      })),
  }));
  return requests.sort((a, b) => a.at_ms - b.at_ms || compare(a.id, b.id));
}

function answersIn(/** @type {FactsByKind} */ effective) {
  return ["absence_document", "absence_decision", "absence_withdrawal"].flatMap((kind) => effective.of(kind));
}

/** Return the person whom a substitute replaces; null for a leave request.
 * @returns {string | null} */
function replacedPerson(/** @type {Fact} */ target) {
  return target.record.kind === "substitute" ? target.record.body.for : null;
}

/** Return the codes of people whose leave headquarters approved in its latest decision and whose
 * request was not withdrawn. Decisions by points are ignored.
 * @param {FactsByKind} effective */
export function excusedByHeadquarters(effective) {
  const lastDecisions = new Map(
    effective
      .of("absence_decision")
      .filter((fact) => fact.record.by === "headquarters")
      .map((fact) => [answeredRequestKey(fact), fact.record.body.decision]),
  );
  const isTakenBack = (/** @type {Fact} */ request) =>
    effective
      .of("absence_withdrawal")
      .some((fact) => answeredRequestKey(fact) === requestKey(request) && isAnswer(fact, request));
  return effective
    .of("absence_request")
    .filter((fact) => isByEntitledAuthor(fact) && lastDecisions.get(requestKey(fact)) === "approve" && !isTakenBack(fact))
    .map((fact) => fact.person ?? "");
}

/** Return a request's key: the record's id and person. An answer must name both to refer to the
 * request. */
export function requestKey(/** @type {Fact} */ fact) {
  return `${fact.id} ${fact.record.person ?? ""}`;
}

function answeredRequestKey(/** @type {Fact} */ fact) {
  return `${fact.record.refs?.[0] ?? ""} ${fact.record.person ?? ""}`;
}

/** Return the state that a decision gives to a request; `pending` without a decision.
 * @returns {State} */
function stateOf(/** @type {Fact | undefined} */ decision) {
  if (!decision) return "pending";
  return decision.record.body.decision === "approve" ? "approved" : "declined";
}

/** Return whether an answer to a request was written by an entitled author: a clerk of the
 * request's point, the person concerned, or headquarters.
 * @param {Fact} fact @param {Fact} request */
function isAnswer(fact, request) {
  const isThere = fact.record.point === request.record.point;
  return isByEntitledAuthor(fact) && (isThere || fact.record.by !== "clerk");
}

/** Flag a promised written report: `document_pending` on the request while the report is missing,
 * `document_late` on a report that came after its deadline.
 * @param {Fact} request @param {FactsByKind} effective @param {Flags} flags */
function flagDocument(request, effective, flags) {
  const due = request.record.body.to_follow_by;
  if (!due) return;
  const first = effective
    .of("absence_document")
    .find((fact) => answeredRequestKey(fact) === requestKey(request) && isAnswer(fact, request));
  if (!first) flags.add(request.id, "document_pending");
  else if (first.atMs > Date.parse(due)) flags.add(first.id, "document_late");
}
