/** Decisions: what was asked, and what was decided by somebody who may. */

import { actsInPerson, byOrder } from "./facts.js";
import { officersAt } from "./settings.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {import("./facts.js").ByKind} ByKind
 * @typedef {import("./facts.js").Flags} Flags
 * @typedef {import("./settings.js").Rolls} Rolls
 * @typedef {"approved" | "pending" | "declined" | "withdrawn"} State
 */

/** Of several requests by one person, the first of these is what counts. @type {State[]} */
const STATES = ["approved", "pending", "declined", "withdrawn"];

/** Who may decide at a point: the settings, the chair at each moment, and the closing. */
export class Authority {
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

  /** Headquarters' decisions count always, a point's before its closing, nobody's on their own. */
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

/** @param {Authority} authority @param {Rolls} rolls @param {ByKind} counting @param {Flags} flags */
export function askedOf(authority, rolls, counting, flags) {
  const requests = counting.of("absence_request").filter((fact) => rolls.lines.has(fact.person ?? ""));
  const substitutes = counting.at(authority.point, "substitute");
  const targets = new Map([...requests, ...substitutes].map((fact) => [keyOf(fact), fact]));
  /** @type {Map<string, Fact>} */
  const decided = new Map();
  for (const decision of counting.of("absence_decision")) {
    const target = targets.get(askedBy(decision));
    if (!target) continue;
    if (authority.allowsDecision(decision, target)) decided.set(keyOf(target), decision);
    else flags.add(decision.id, "without_authority");
  }
  const withdrawn = withdrawnOf(authority, targets, counting, flags);

  /** @type {Map<string, Set<State>>} */
  const found = new Map();
  /** @type {Set<string>} */
  const live = new Set();
  /** @type {Set<string>} */
  const away = new Set();
  for (const request of requests) {
    const person = request.person ?? "";
    const own = decided.get(keyOf(request));
    const state = withdrawn.has(keyOf(request)) ? "withdrawn" : stateOf(own);
    found.set(person, (found.get(person) ?? new Set()).add(state));
    if (state !== "withdrawn" && !authority.isAfterClosing(request)) live.add(person);
    const { startsMs } = authority.terms;
    const isLate = own !== undefined && startsMs !== null && own.atMs > startsMs;
    if (own && state === "approved" && isLate) flags.add(own.id, "late_approval");
    if (state === "approved" || state === "pending") flagDocument(request, counting, flags);
    const isOurs = request.record.point === authority.point || request.record.by !== "clerk";
    if (state === "approved" || (state === "pending" && isOurs)) away.add(person);
  }
  /** @type {Map<string, State>} */
  const state = new Map();
  for (const [person, own] of found) {
    state.set(person, STATES.find((each) => own.has(each)) ?? "pending");
  }
  const approved = [...decided].filter(([, own]) => stateOf(own) === "approved");
  return { state, live, away, approved: new Set(approved.map(([key]) => key)) };
}

/** Whose leave headquarters has approved last, by its own decisions alone. @param {ByKind} counting */
export function excusedByHeadquarters(counting) {
  const said = new Map(
    counting
      .of("absence_decision")
      .filter((fact) => fact.record.by === "headquarters")
      .map((fact) => [askedBy(fact), fact.record.body.decision]),
  );
  const isTakenBack = (/** @type {Fact} */ request) =>
    counting
      .of("absence_withdrawal")
      .some((fact) => askedBy(fact) === keyOf(request) && isAnswer(fact, request));
  return counting
    .of("absence_request")
    .filter((fact) => said.get(keyOf(fact)) === "approve" && !isTakenBack(fact))
    .map((fact) => fact.person ?? "");
}

/** A record and whom it concerns: what refers to one names both. */
export function keyOf(/** @type {Fact} */ fact) {
  return `${fact.id} ${fact.record.person ?? ""}`;
}

function askedBy(/** @type {Fact} */ fact) {
  return `${fact.record.refs?.[0] ?? ""} ${fact.record.person ?? ""}`;
}

/** @returns {State} */
function stateOf(/** @type {Fact | undefined} */ decision) {
  if (!decision) return "pending";
  return decision.record.body.decision === "approve" ? "approved" : "declined";
}

/**
 * The requests taken back, before the closing, by their person or as a clerk attests.
 * @param {Authority} authority @param {Map<string, Fact>} targets @param {ByKind} counting @param {Flags} flags
 */
function withdrawnOf(authority, targets, counting, flags) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const fact of counting.of("absence_withdrawal")) {
    const request = targets.get(askedBy(fact));
    if (!request) continue;
    if (isAnswer(fact, request) && !authority.isAfterClosing(fact)) found.add(keyOf(request));
    else flags.add(fact.id, "without_authority");
  }
  return found;
}

/** Whether a fact comes from where the request was made, its person, or headquarters. @param {Fact} fact @param {Fact} request */
function isAnswer(fact, request) {
  const isThere = fact.record.point === request.record.point;
  return actsInPerson(fact) && (isThere || fact.record.by !== "clerk");
}

/** Flag a report that was to follow: until it comes, and when it came late. @param {Fact} request @param {ByKind} counting @param {Flags} flags */
function flagDocument(request, counting, flags) {
  const due = request.record.body.to_follow_by;
  if (!due) return;
  const first = counting
    .of("absence_document")
    .find((each) => askedBy(each) === keyOf(request) && isAnswer(each, request));
  if (!first) flags.add(request.id, "document_pending");
  else if (first.atMs > Date.parse(due)) flags.add(first.id, "document_late");
}
