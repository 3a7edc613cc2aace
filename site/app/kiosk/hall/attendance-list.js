/** Matches the lines of a list to the people of this hall's roster, with their times. */

import headings from "../../../headings.json" with { type: "json" };
import { fold } from "../../fold.js";
import rules from "../../../rules.json" with { type: "json" };
import { dayOf, instantOf } from "../words/instants.js";

/**
 * @typedef {import("../types.js").RosterLine} RosterLine
 * `people`: all that the line may mean; exactly one is a match.
 * @typedef {{text: string, people: RosterLine[], cameAt: string | null, leftAt: string | null}} CountedLine
 * @typedef {{starts_at: string, ends_at: string}} Span
 * @typedef {"person" | "full_name" | "unit" | "joined" | "left" | "present" | "absent" | "number"} ListField
 */

const FIELDS = /** @type {ListField[]} */ (["number", "person", "full_name", "unit", "joined", "left", "present", "absent"]);
const HEADING_WITHIN = 40;
const NO = new Set(["", "0", "khong", "k", "-", "absent", "no", "false"]);
const ENDS = /^(tong|cong\b|nguoi lap|lap bieu|\d\. in-meeting)/;
/** A serial number of Excel counts days from here. */
const EXCEL_EPOCH_MS = Date.UTC(1899, 11, 30);
const DAY_MS = 24 * 3600 * 1000;

/** Return the lines of a list as understood; null if it has no heading with names or codes.
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
    if (fields.includes("present") && !saysYes(text("present"))) continue;
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

/** Join the lines of one person: who came first and left last. @param {CountedLine[]} lines */
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

/** @param {string} heading @returns {ListField | null} */
function fieldOf(heading) {
  const folded = fold(heading.replace(/\([^)]*\)/g, " ")).replace(/[^\p{L}\p{N}#_]+/gu, " ").trim();
  return FIELDS.find((field) => headings[field].includes(folded)) ?? null;
}

/** Return a function that finds the people that a code or a name may mean.
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

/** @param {string} text */
function saysYes(text) {
  const folded = fold(text);
  return !NO.has(folded) && !folded.startsWith("vang");
}

/** Return the instant near the meeting that a cell states; null if there is not exactly one.
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

/** Return a serial number of Excel as a text of date and time. @param {number} serial */
function textOfSerial(serial) {
  const text = new Date(EXCEL_EPOCH_MS + Math.round((serial * DAY_MS) / 1000) * 1000).toISOString();
  return serial < 1 ? text.slice(11, 19) : text.slice(0, 19).replace("T", " ");
}

/** Return the days that three numbers may mean: day first, month first, or year first.
 * @param {string[]} parts @returns {string[]} */
function daysOf([first, second, third]) {
  const orders = [[third, second, first], [third, first, second], [first, second, third]];
  return orders
    .map(([year, month, day]) => `${year.length <= 2 ? `20${pad(Number(year))}` : year}-${pad(Number(month))}-${pad(Number(day))}`)
    .filter((day) => !Number.isNaN(Date.parse(day)) && new Date(day).toISOString().startsWith(day));
}

/** @param {number} number */
function pad(number) {
  return String(number).padStart(2, "0");
}
