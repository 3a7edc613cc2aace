/** Records arrivals of one person or of many, now or at the time that a paper list states. */

import { say } from "../words/messages.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../types.js").RosterLine} RosterLine
 */

/**
 * Record the arrival of all these people as one action, which the clerk can undo as a whole.
 * @param {Desk} desk @param {RosterLine[]} lines @param {"search" | "qr" | "bulk" | "paper"} source
 * @param {string | null} happenedAt the stated arrival (ISO 8601, UTC); null means now
 * @param {"in_person" | "online"} [mode] @returns {Promise<boolean>} whether all are on the disk
 */
export async function checkIn(desk, lines, source, happenedAt, mode = "in_person") {
  const label = lines.length === 1 ? lines[0].name : say("people", { n: lines.length });
  const storedRecords = await desk.recordAll(
    lines.map((line) => [checkInDraft(line, source, happenedAt, mode)]),
    label,
  );
  return storedRecords.length === lines.length;
}

/** Return the draft of a check-in; the parameters are those of `checkIn`.
 * @param {RosterLine} line @param {"search" | "qr" | "bulk" | "paper"} source
 * @param {string | null} [happenedAt] @param {"in_person" | "online"} [mode]
 * @returns {import("../sync/new-record.js").Draft} */
export function checkInDraft(line, source, happenedAt = null, mode = "in_person") {
  const seat = mode === "in_person" && line.seat ? { seat: line.seat } : {};
  const stated = happenedAt ? { happened_at: happenedAt } : {};
  return { kind: "check_in", person: line.person, source, body: { mode, ...seat, ...stated } };
}

/** Return whether a person is present: checked in here, at another point or online, and not checked
 * out since.
 * @param {Desk} desk @param {string} person */
export function isPresentNow(desk, person) {
  const standing = desk.hall.of.get(person);
  return standing?.standing === "present" && !hasCheckedOut(desk, person);
}

/** Return whether the person's latest stay ended before the meeting's end. Return false without a
 * stay.
 * @param {Desk} desk @param {string} person */
export function hasCheckedOut(desk, person) {
  const latestStay = desk.hall.of.get(person)?.stays.at(-1);
  const { ends_ms: endsMs } = desk.hall.all.terms;
  return latestStay !== undefined && latestStay[1] !== null && (endsMs === null || latestStay[1] < endsMs);
}
