/** Requests for leave and substitutes, and the decisions on them by entitled people. */

import { actsInPerson, byOrder } from "./facts.js";
import { officersAt } from "./settings.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").FactsByKind} FactsByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {import("./settings.js").Rolls} Rolls
 * @typedef {"approved" | "pending" | "declined" | "withdrawn"} State
 */

/** States by priority: of a person's several requests, the state that comes first here counts. @type {State[]} */
const STATES = ["approved", "pending", "declined", "withdrawn"];

/** The rights to decide at a point: by its settings, its chair at the time, and its closing. */
export class DecisionRights {
  /**
   * @param {string} point @param {import("./settings.js").Terms} terms
   * @param {import("./chair.js").Chairing} chairing @param {Fact | null} closing
   */
  constructor(point, terms, chairing, closing) {
    this.point = point;
    this.terms = terms;
    this.chairing = chairing;
    this.closing = closing;
  }

  /**
   * Return whether a decision counts: headquarters' always, the point's until its closing.
   * Nobody decides on their own request (domain.md row 28).
   */
  allowsDecision(/** @type {Fact} */ decision, /** @type {Fact} */ target) {
    const { by } = decision.record;
    if (by === "headquarters") return true;
    if (decision.record.point !== this.point || this.isAfterClosing(decision)) return false;
    const isOfSecretary = target.person === officersAt(this.terms, decision.atMs).secretary;
    const reserved = isOfSecretary ? this.terms.secretaryAuthority : this.terms.absenceAuthority;
    const isOwn = by === target.person || (target.record.kind === "substitute" && by === target.record.body.for);
    return !isOwn && reserved !== "headquarters" && this.chairing.decides(by, decision.atMs);
  }

  isAfterClosing(/** @type {Fact} */ fact) {
    return this.closing !== null && byOrder(fact, this.closing) > 0;
  }
}

/** Judge the requests of the point's people and the substitutes at the point.
 * `live` are people with a request from before the closing that is not withdrawn, `away` are people
 * who are not expected, and `approved` are the keys of what was approved.
 * @param {DecisionRights} rights @param {Rolls} rolls @param {FactsByKind} effective @param {Flags} flags */
export function judgeRequests(rights, rolls, effective, flags) {
  const requests = effective.of("absence_request").filter((fact) => rolls.lines.has(fact.person ?? ""));
  const substitutes = effective.at(rights.point, "substitute");
  const targets = new Map([...requests, ...substitutes].map((fact) => [requestKey(fact), fact]));
  /** @type {Map<string, Fact>} */
  const decided = new Map();
  for (const decision of effective.of("absence_decision")) {
    const target = targets.get(answeredRequestKey(decision));
    if (!target) continue;
    if (rights.allowsDecision(decision, target)) decided.set(requestKey(target), decision);
    else flags.add(decision.id, "without_authority");
  }
  const withdrawn = withdrawnOf(rights, targets, effective, flags);

  /** @type {Map<string, Set<State>>} */
  const statesByPerson = new Map();
  /** @type {Set<string>} */
  const live = new Set();
  /** @type {Set<string>} */
  const away = new Set();
  for (const request of requests) {
    const person = request.person ?? "";
    const decision = decided.get(requestKey(request));
    const state = withdrawn.has(requestKey(request)) ? "withdrawn" : stateOf(decision);
    statesByPerson.set(person, (statesByPerson.get(person) ?? new Set()).add(state));
    if (state !== "withdrawn" && !rights.isAfterClosing(request)) live.add(person);
    const { startsMs } = rights.terms;
    const isLate = decision !== undefined && startsMs !== null && decision.atMs > startsMs;
    if (decision && state === "approved" && isLate) flags.add(decision.id, "late_approval");
    if (state === "approved" || state === "pending") flagDocument(request, effective, flags);
    const isOurs = request.record.point === rights.point || request.record.by !== "clerk";
    if (state === "approved" || (state === "pending" && isOurs)) away.add(person);
  }
  /** @type {Map<string, State>} */
  const state = new Map();
  for (const [person, states] of statesByPerson) {
    state.set(person, STATES.find((candidate) => states.has(candidate)) ?? "pending");
  }
  const approved = [...decided].filter(([, decision]) => stateOf(decision) === "approved");
  return { state, live, away, approved: new Set(approved.map(([key]) => key)) };
}

/** Return people on leave by headquarters' latest decision; other decisions are ignored.
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
    .filter((fact) => lastDecisions.get(requestKey(fact)) === "approve" && !isTakenBack(fact))
    .map((fact) => fact.person ?? "");
}

/** Return a record's id and person as one key: an answer must name both. */
export function requestKey(/** @type {Fact} */ fact) {
  return `${fact.id} ${fact.record.person ?? ""}`;
}

function answeredRequestKey(/** @type {Fact} */ fact) {
  return `${fact.record.refs?.[0] ?? ""} ${fact.record.person ?? ""}`;
}

/** @returns {State} */
function stateOf(/** @type {Fact | undefined} */ decision) {
  if (!decision) return "pending";
  return decision.record.body.decision === "approve" ? "approved" : "declined";
}

/**
 * Return the requests withdrawn before the closing, by their person or through a clerk.
 * @param {DecisionRights} rights @param {Map<string, Fact>} targets @param {FactsByKind} effective @param {Flags} flags
 */
function withdrawnOf(rights, targets, effective, flags) {
  /** @type {Set<string>} */
  const withdrawn = new Set();
  for (const fact of effective.of("absence_withdrawal")) {
    const request = targets.get(answeredRequestKey(fact));
    if (!request) continue;
    if (isAnswer(fact, request) && !rights.isAfterClosing(fact)) withdrawn.add(requestKey(request));
    else flags.add(fact.id, "without_authority");
  }
  return withdrawn;
}

/** Return whether a fact comes from the request's point, its person, or headquarters.
 * @param {Fact} fact @param {Fact} request */
function isAnswer(fact, request) {
  const isThere = fact.record.point === request.record.point;
  return actsInPerson(fact) && (isThere || fact.record.by !== "clerk");
}

/** Flag a written report that is still due, or that came late.
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
