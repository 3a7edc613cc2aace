/** Arrivals, alone or many at once, now or at a time that a paper list states. */

import { say } from "./say.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").RosterLine} RosterLine
 */

/**
 * @param {Desk} desk @param {RosterLine[]} lines @param {"search" | "qr" | "bulk" | "paper"} source
 * @param {string | null} happenedAt the instant that is stated, if any
 * @param {"in_person" | "online"} [mode] @returns {Promise<boolean>} whether all are on the disk
 */
export async function checkIn(desk, lines, source, happenedAt, mode = "in_person") {
  const label = lines.length === 1 ? lines[0].name : say("people", { n: lines.length });
  const made = await desk.recordAll(
    lines.map((line) => {
      const seat = mode === "in_person" && line.seat ? { seat: line.seat } : {};
      const stated = happenedAt ? { happened_at: happenedAt } : {};
      return [{ kind: "check_in", person: line.person, source, body: { mode, ...seat, ...stated } }];
    }),
    label,
  );
  return made.length === lines.length;
}

/** Whether somebody is in this hall now. @param {Desk} desk @param {string} person */
export function isHere(desk, person) {
  const standing = desk.hall.of.get(person);
  return standing?.standing === "present" && !hasGone(desk, person);
}

/** Whether the latest stay has been ended by a check-out. @param {Desk} desk @param {string} person */
export function hasGone(desk, person) {
  const last = desk.hall.of.get(person)?.stays.at(-1);
  const { endsMs } = desk.hall.all.terms;
  return last !== undefined && last[1] !== null && (endsMs === null || last[1] < endsMs);
}
