/** Matches the rows of an attendance list to people on this hall's roster, and reads the times in
 * the rows. */

import headings from "../../../headings.json" with { type: "json" };
import { fold } from "../../fold.js";
import rules from "../../../rules.json" with { type: "json" };
import { dayOf, instantOf } from "../words/instants.js";

/**
 * @typedef {import("../types.js").RosterLine} RosterLine
 * `people`: everyone that the row may mean; a row with exactly one person is a match. `cameAt` and `leftAt`
 * are in ISO 8601 (UTC).
 * @typedef {{text: string, people: RosterLine[], cameAt: string | null, leftAt: string | null}} CountedLine
 * @typedef {{starts_at: string, ends_at: string}} Span
 * @typedef {"person" | "full_name" | "unit" | "joined" | "left" | "present" | "absent" | "number"} ListField
 */

const FIELDS = /** @type {ListField[]} */ (["number", "person", "full_name", "unit", "joined", "left", "present", "absent"]);
const HEADING_WITHIN = 40;
const NO = new Set(["", "0", "khong", "k", "-", "absent", "no", "false"]);
const ENDS = /^(tong|cong\b|nguoi lap|lap bieu|\d\. in-meeting)/;
/** The instant from which Excel's serial numbers count days. */
const EXCEL_EPOCH_MS = Date.UTC(1899, 11, 30);
const DAY_MS = 24 * 3600 * 1000;

/** Return the attendance that a list states, one line per person. Return null if the first 40 rows
 * contain no heading with names or codes. Rows of absent people are left out; reading stops at a
 * total or a signature.
 * @param {string[][]} rows @param {RosterLine[]} roster @param {Span} meeting
 * @returns {CountedLine[] | null} */
export function countedLines(rows, roster, meeting) {
  const at = rows.slice(0, HEADING_WITHIN).findIndex((row) => {
    const fields = row.map(fieldOf);
    return (fields.includes("full_name") || fields.includes("person")) && fields.filter(Boolean).length > 1;
  });
  if (at < 0) return null;
  const fields = rows[at].map(fieldOf);
  const find = finder(roster);
  const lines = [];
  for (const row of rows.slice(at + 1)) {
    const text = (/** @type {ListField} */ field) => row[fields.indexOf(field)] ?? "";
    if (row.some((cell) => ENDS.test(fold(cell)))) break;
    if (!text("full_name") && !text("person")) continue;
    if (fields.includes("present") && !meansPresent(text("present"))) continue;
    if (text("absent")) continue;
    lines.push({
      text: [text("full_name") || text("person"), text("unit")].filter(Boolean).join(" · "),
      people: find(text("person"), text("full_name")),
      cameAt: momentOf(text("joined"), meeting),
      leftAt: momentOf(text("left"), meeting),
    });
  }
  return joinedLines(lines);
}

/** Join the lines of the same person into one, with the earliest arrival and the latest departure.
 * Lines that match several people or nobody follow at the end.
 * @param {CountedLine[]} lines */
function joinedLines(lines) {
  /** @type {Map<string, CountedLine>} */
  const byPerson = new Map();
  const others = [];
  for (const line of lines) {
    const person = line.people.length === 1 ? line.people[0].person : null;
    const before = person === null ? undefined : byPerson.get(person);
    if (person === null) others.push(line);
    else if (!before) byPerson.set(person, line);
    else {
      const came = [before.cameAt, line.cameAt].filter((at) => at !== null).sort();
      const left = [before.leftAt, line.leftAt].filter((at) => at !== null).sort();
      byPerson.set(person, { ...before, cameAt: came[0] ?? null, leftAt: left.at(-1) ?? null });
    }
  }
  return [...byPerson.values(), ...others];
}

/** Return the field that a column heading means; null if the heading is unknown.
 * @param {string} heading @returns {ListField | null} */
function fieldOf(heading) {
  const folded = fold(heading.replace(/\([^)]*\)/g, " ")).replace(/[^\p{L}\p{N}#_]+/gu, " ").trim();
  return FIELDS.find((field) => headings[field].includes(folded)) ?? null;
}

/** Return a function that finds the people that a code or a name may mean. The function compares
 * codes first, then exact names, then names without accents and word order.
 * @param {RosterLine[]} roster */
function finder(roster) {
  const wordsOf = (/** @type {string} */ name) => fold(name).split(" ").sort().join(" ");
  return (/** @type {string} */ code, /** @type {string} */ name) => {
    const ofCode = roster.filter((line) => line.person === code.toUpperCase());
    if (ofCode.length > 0) return ofCode;
    for (const text of [name, ...name.split(/[-_|/,;()[\]]+/)].map((part) => part.trim()).filter(Boolean)) {
      const exact = roster.filter((line) => line.name.toLowerCase() === text.toLowerCase());
      if (exact.length > 0) return exact;
      const similar = roster.filter((line) => wordsOf(line.name) === wordsOf(text));
      if (similar.length > 0) return similar;
    }
    return [];
  };
}

/** Return whether a cell in the column for presence means yes. Empty cells, "0", "no" and "vắng",
 * for example, mean no.
 * @param {string} text */
function meansPresent(text) {
  const folded = fold(text);
  return !NO.has(folded) && !folded.startsWith("vang");
}

/** Return the UTC instant (ISO 8601) that a cell states in Vietnam's time. Return null if no
 * reading of the cell, or more than one, lies within 12 hours of the meeting.
 * @param {string} text @param {Span} meeting @returns {string | null} */
export function momentOf(text, meeting) {
  const isNear = (/** @type {string} */ instant) =>
    Date.parse(instant) >= Date.parse(meeting.starts_at) - rules.far_from_meeting_ms &&
    Date.parse(instant) <= Date.parse(meeting.ends_at) + rules.far_from_meeting_ms;
  const serial = /^\d+\.\d+$/.test(text) ? Number(text) : null;
  if (serial !== null) return momentOf(textOfSerial(serial), meeting);
  const folded = fold(text).replace(",", " ");
  const date = /(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})/.exec(folded);
  const clock = /(\d{1,2})\s*(?:[:h]|gio)\s*(\d{2})?(?::(\d{2}))?(?:\.\d+)?\s*(am|pm|sa|ch)?/.exec(date ? folded.replace(date[0], " ") : folded);
  if (!clock) return null;
  const isAfternoon = clock[4] === "pm" || clock[4] === "ch";
  const hour = clock[4] ? (Number(clock[1]) % 12) + (isAfternoon ? 12 : 0) : Number(clock[1]);
  const minute = Number(clock[2] ?? 0);
  if (hour > 23 || minute > 59) return null;
  const time = `${pad(hour)}:${pad(minute)}`;
  const days = date ? daysOf(date.slice(1)) : [dayOf(meeting.starts_at)];
  const near = [...new Set(days)].map((day) => instantOf(day, time)).filter(isNear);
  if (near.length !== 1) return null;
  return new Date(Date.parse(near[0]) + Number(clock[3] ?? 0) * 1000).toISOString();
}

/** Return Excel's serial number as text: `07:25:00` for a number below 1, else `2024-08-22
 * 07:25:00`.
 * @param {number} serial */
function textOfSerial(serial) {
  const text = new Date(EXCEL_EPOCH_MS + Math.round((serial * DAY_MS) / 1000) * 1000).toISOString();
  return serial < 1 ? text.slice(11, 19) : text.slice(0, 19).replace("T", " ");
}

/** Return the valid days, as `2024-08-22`, that three numbers may mean: day first, month first, or
 * year first.
 * @param {string[]} parts @returns {string[]} */
function daysOf([first, second, third]) {
  const orders = [[third, second, first], [third, first, second], [first, second, third]];
  return orders
    .map(([year, month, day]) => `${year.length <= 2 ? `20${pad(Number(year))}` : year}-${pad(Number(month))}-${pad(Number(day))}`)
    .filter((day) => !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day));
}

/** Return a number with at least two digits. @param {number} number */
function pad(number) {
  return String(number).padStart(2, "0");
}
