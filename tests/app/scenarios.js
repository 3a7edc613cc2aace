/** Reads the scenarios in tests/vectors/ as `tests/scenarios.py` does. */

import { readdirSync, readFileSync } from "node:fs";

import { standingOf } from "../../site/app/rules/standing.js";

const folder = new URL("../vectors/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, folder), "utf-8"));
const base = read("base.json");

export const scenarios = readdirSync(folder)
  .filter((name) => name.endsWith(".json") && name !== "base.json")
  .sort()
  .flatMap(read);

const idOf = (number) => `0193f000-0000-7000-8000-${String(number).padStart(12, "0")}`;
const twoDigits = (number) => String(number).padStart(2, "0");

function spellOut([kind, number, changes]) {
  const isOffice = base.office.includes(kind);
  const fields = {
    id: idOf(number),
    v: 1,
    kind,
    meeting: base.meeting,
    point: "P001",
    device: isOffice ? "O-office" : "D-ONE",
    seq: isOffice ? null : number,
    boot: "b1",
    at: `2024-08-22T${twoDigits(Math.floor(number / 60))}:${twoDigits(number % 60)}:00.000Z`,
    mono_ms: number * 60_000,
    by: isOffice ? "headquarters" : "clerk",
    source: isOffice ? "office" : "search",
    ...base.drafts[kind],
    ...changes,
  };
  fields.refs = (fields.refs ?? []).map((ref) => (typeof ref === "number" ? idOf(ref) : ref));
  if (fields.person === null) delete fields.person;
  if (Array.isArray(fields.body.record)) fields.body = { ...fields.body, record: spellOut(fields.body.record) };
  return fields;
}

/** Judges a scenario with the kiosk's rules; returns the standing as comparable JSON. */
export function judgeScenario({ point = "P001", bare, records, skews = {} }) {
  const all = [...(bare ? [] : base.base), ...records].map(spellOut);
  const seenDevices = new Set(all.map((record) => record.device));
  return toComparable(standingOf(point, all, (record) => correctedTime(record, seenDevices, skews)));
}

function correctedTime(record, seenDevices, skews) {
  const skewMs = skews[record.device] ?? 0;
  const atMs = Date.parse(record.at) + skewMs;
  if (record.seq === null) return { atMs, isDoubtful: false };
  const isSeen = record.boot === "b1" && seenDevices.has(record.device);
  return { atMs, isDoubtful: !isSeen || Math.abs(skewMs) > 120_000 };
}

function toComparable(standing) {
  const fields = { ...standing };
  for (const group of ["people", "visitors", "exempt"]) {
    fields[group] = Object.fromEntries(standing[group].map((entry) => [entry.person, entry]));
  }
  const numbers = new Map(Array.from({ length: 1000 }, (_, number) => [idOf(number), String(number)]));
  fields.requests = Object.fromEntries(standing.requests.map((request) => [numbers.get(request.id) ?? request.id, request]));
  fields.flags = Object.fromEntries(
    Object.entries(standing.flags).map(([key, flags]) => [numbers.get(key) ?? key, flags]),
  );
  return fields;
}

/** Lists where `actual` differs from `expected`; follows the rules in `tests/scenarios.py`. */
export function differences(expected, actual, at = "") {
  if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    return expected.flatMap((item, n) => differences(item, actual[n], `${at}[${n}]`));
  }
  if (expected && typeof expected === "object" && !Array.isArray(expected) && Object.keys(expected).length > 0) {
    return Object.entries(expected).flatMap(([key, value]) => {
      const actualValue = actual?.[key];
      return isEmptyObject(value) && actualValue !== undefined ? [] : differences(value, actualValue, `${at}.${key}`);
    });
  }
  if (isNothing(expected) && isNothing(actual)) return [];
  return expected === actual ? [] : [`${at}: ${JSON.stringify(actual)}`];
}

function isEmptyObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0;
}

function isNothing(value) {
  return !value || (typeof value === "object" && Object.keys(value).length === 0);
}
