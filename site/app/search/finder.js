/**
 * Finds documents by words: every word must occur, with or without accents, in either tone style;
 * those in which it stands with the accents that were typed come first.
 */

import MiniSearch from "minisearch";

import { exact, fold } from "../fold.js";

/** @typedef {import("./documents.js").Doc} Doc */
/** @typedef {{words: string, kind: string, meeting: string}} Asked */
/** @typedef {Doc & {meetings: Set<string>}} Known */

const FIELDS = ["title", "number", "code", "issuer", "summary", "text"];
const WEIGHT = { code: 8, number: 6, title: 5, issuer: 2, summary: 2 };
const AS_TYPED = 20;

/** Both forms of a word: without accents, and as it is written, marked so as to be told apart. */
function forms(/** @type {string} */ word) {
  return [fold(word), `=${exact(word)}`];
}

export class Finder {
  constructor() {
    /** @type {Map<string, Known>} */
    this.known = new Map();
    this.index = new MiniSearch({
      fields: FIELDS,
      tokenize: (text) => text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
      processTerm: forms,
    });
  }

  add(/** @type {Doc[]} */ documents, /** @type {string | null} */ meeting) {
    for (const document of documents) {
      const known = this.known.get(document.id) ?? { ...document, meetings: new Set() };
      if (meeting) known.meetings.add(meeting);
      if (!this.known.has(document.id)) this.index.add(known);
      this.known.set(document.id, known);
    }
  }

  addText(/** @type {string} */ id, /** @type {string} */ text) {
    const known = this.known.get(id);
    if (!known || known.text) return;
    known.text = text;
    this.index.replace(known);
  }

  /** The materials whose text is not here yet: of a meeting, or all. */
  unread(/** @type {string} */ meeting) {
    return [...this.known.values()]
      .filter((each) => each.has_text && !each.text && (!meeting || each.meetings.has(meeting)))
      .map((each) => each.id);
  }

  texts() {
    const all = [...this.known.values()].filter((each) => each.has_text);
    return { read: all.filter((each) => each.text).length, all: all.length };
  }

  /** The page of a short code, typed as it is printed or with a slip of case or spacing. */
  byCode(/** @type {string} */ typed) {
    const code = fold(typed).replace(/[^a-z0-9]/g, "");
    return [...this.known.values()].find((each) => each.code === code)?.id ?? null;
  }

  /** @returns {Known[]} the best first */
  find(/** @type {Asked} */ asked) {
    const typed = asked.words.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    const queries = typed.map((word) => ({
      combineWith: /** @type {const} */ ("OR"),
      processTerm: (/** @type {string} */ term) => term,
      tokenize: (/** @type {string} */ text) => [text],
      queries: [
        { queries: [fold(word)], prefix: true },
        { queries: [`=${exact(word)}`], boost: boosted() },
      ],
    }));
    const fits = (/** @type {Known | undefined} */ each) =>
      each !== undefined &&
      (!asked.kind || each.kind === asked.kind) &&
      (!asked.meeting || each.meetings.has(asked.meeting));
    return this.index
      .search({ combineWith: "AND", queries }, { boost: WEIGHT })
      .map((result) => /** @type {Known} */ (this.known.get(result.id)))
      .filter(fits);
  }
}

function boosted() {
  return Object.fromEntries(
    FIELDS.map((field) => [field, AS_TYPED * (WEIGHT[/** @type {keyof typeof WEIGHT} */ (field)] ?? 1)]),
  );
}
