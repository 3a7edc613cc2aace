/** Decisions: what was asked, and what was decided by somebody who may. */

import { byOrder } from "./facts.js";

/**
 * @typedef {import("./facts.js").Fact} Fact
 * @typedef {"approved" | "pending" | "declined" | "withdrawn"} State
 */

/** Of several requests by one person, the first of these is what counts. @type {State[]} */
const STATES = ["approved", "pending", "declined", "withdrawn"];

/**
 * @param {string} point @param {import("./settings.js").Rolls} rolls
 * @param {import("./settings.js").Terms} terms @param {import("./chair.js").Chairing} chairing
 * @param {Fact | null} closing @param {import("./facts.js").ByKind} counting
 * @param {import("./facts.js").Flags} flags
 */
export function askedOf(point, rolls, terms, chairing, closing, counting, flags) {
  const requests = counting.of("absence_request").filter((fact) => rolls.lines.has(fact.person ?? ""));
  const substitutes = counting.at(point, "substitute");
  const targets = new Map([...requests, ...substitutes].map((fact) => [fact.id, fact]));
  /** @type {Map<string, Fact>} */
  const decided = new Map();
  for (const decision of counting.of("absence_decision")) {
    const target = targets.get(refOf(decision));
    if (!target || target.record.person !== decision.record.person) continue;
    if (hasAuthority(point, decision, target, terms, chairing, closing)) decided.set(target.id, decision);
    else flags.add(decision.id, "without_authority");
  }

  /** @type {Map<string, Set<State>>} */
  const found = new Map();
  for (const request of requests) {
    const own = decided.get(request.id);
    const state = stateOf(request, own, counting);
    found.set(request.person ?? "", (found.get(request.person ?? "") ?? new Set()).add(state));
    const isLate = own !== undefined && terms.startsMs !== null && own.atMs > terms.startsMs;
    if (own && state === "approved" && isLate) flags.add(own.id, "late_approval");
    if (state === "approved" || state === "pending") flagDocument(request, counting, flags);
  }
  /** @type {Map<string, State>} */
  const state = new Map();
  for (const [person, own] of found) {
    state.set(person, STATES.find((each) => own.has(each)) ?? "pending");
  }
  const approved = substitutes.filter((each) => isApproval(decided.get(each.id)));
  return { state, substitutes: new Set(approved.map((each) => each.id)) };
}

/** @param {Fact} request @param {Fact | undefined} own @param {import("./facts.js").ByKind} counting @returns {State} */
function stateOf(request, own, counting) {
  if (counting.of("absence_withdrawal").some((each) => answers(each, request))) return "withdrawn";
  if (!own) return "pending";
  return isApproval(own) ? "approved" : "declined";
}

function isApproval(/** @type {Fact | undefined} */ decision) {
  return decision?.record.body.decision === "approve";
}

/** Headquarters decides on all; others as the settings and the chair have it, never on their own. */
function hasAuthority(
  /** @type {string} */ point,
  /** @type {Fact} */ decision,
  /** @type {Fact} */ target,
  /** @type {import("./settings.js").Terms} */ terms,
  /** @type {import("./chair.js").Chairing} */ chairing,
  /** @type {Fact | null} */ closing,
) {
  const { by } = decision.record;
  if (by === "headquarters") return true;
  const isOfSecretary = target.person === terms.secretary;
  const authority = isOfSecretary ? terms.secretaryAuthority : terms.absenceAuthority;
  if (by === target.person || decision.record.point !== point || authority === "headquarters") return false;
  if (closing !== null && byOrder(decision, closing) > 0) return false;
  return chairing.decides(by, decision.atMs);
}

/** Flag a report that was to follow: until it comes, and when it came late. @param {Fact} request @param {import("./facts.js").ByKind} counting @param {import("./facts.js").Flags} flags */
function flagDocument(request, counting, flags) {
  const due = request.record.body.to_follow_by;
  if (!due) return;
  const first = counting.of("absence_document").find((each) => answers(each, request));
  if (!first) flags.add(request.id, "document_pending");
  else if (first.atMs > Date.parse(due)) flags.add(first.id, "document_late");
}

/** @param {Fact} fact @param {Fact} request */
function answers(fact, request) {
  return refOf(fact) === request.id && fact.record.person === request.record.person;
}

function refOf(/** @type {Fact} */ fact) {
  return fact.record.refs?.[0] ?? "";
}
