/**
 * Searches documents for words. Every typed word must occur, with or without accents and in either
 * tone style (hoà, hòa). Documents with the typed accents come first.
 */

import MiniSearch from "minisearch";

import { exactSpelling, fold } from "../fold.js";

/** @typedef {import("./documents.js").Doc} Doc */
/** @typedef {{words: string, kind: string, meeting: string}} SearchQuery */
/** @typedef {Doc & {meetings: Set<string>}} KnownDocument */

const FIELDS = ["title", "number", "code", "issuer", "summary", "text"];
const WEIGHT = { code: 8, number: 6, title: 5, issuer: 2, summary: 2 };
const AS_TYPED = 20;

/** Return two index terms for a word: the word without accents, and its exact spelling with the
 * prefix `=`. */
function formsOf(/** @type {string} */ word) {
  return [fold(word), `=${exactSpelling(word)}`];
}

/** A search index of the documents that have been loaded so far. */
export class Finder {
  constructor() {
    /** @type {Map<string, KnownDocument>} */
    this.documents = new Map();
    this.index = new MiniSearch({
      fields: FIELDS,
      tokenize: (text) => text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
      processTerm: formsOf,
    });
  }

  add(/** @type {Doc[]} */ documents, /** @type {string | null} */ meeting) {
    for (const document of documents) {
      const entry = this.documents.get(document.id) ?? { ...document, meetings: new Set() };
      if (meeting) entry.meetings.add(meeting);
      if (!this.documents.has(document.id)) this.index.add(entry);
      this.documents.set(document.id, entry);
    }
  }

  addText(/** @type {string} */ id, /** @type {string} */ text) {
    const entry = this.documents.get(id);
    if (!entry || entry.text) return;
    entry.text = text;
    this.index.replace(entry);
  }

  /** Return the ids of materials whose text is not loaded yet, of one meeting or, if `meeting` is
   * empty, of all meetings. */
  unread(/** @type {string} */ meeting) {
    return [...this.documents.values()]
      .filter((entry) => entry.has_text && !entry.text && (!meeting || entry.meetings.has(meeting)))
      .map((entry) => entry.id);
  }

  /** Return the number of materials that have a text (`all`), and the number whose text is loaded
   * (`read`). */
  texts() {
    const all = [...this.documents.values()].filter((entry) => entry.has_text);
    return { read: all.filter((entry) => entry.text).length, all: all.length };
  }

  /** Return the page of a short code, or null if no page has this code. Case, accents and spaces
   * are ignored. */
  byCode(/** @type {string} */ typed) {
    const code = fold(typed).replace(/[^a-z0-9]/g, "");
    return [...this.documents.values()].find((entry) => entry.code === code)?.id ?? null;
  }

  /** Return the documents that contain all words of a query and have its kind and meeting, if any.
   * @returns {KnownDocument[]} best match first */
  find(/** @type {SearchQuery} */ query) {
    const typedWords = query.words.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    const queries = typedWords.map((word) => ({
      combineWith: /** @type {const} */ ("OR"),
      processTerm: (/** @type {string} */ term) => term,
      tokenize: (/** @type {string} */ text) => [text],
      queries: [
        { queries: [fold(word)], prefix: true },
        { queries: [`=${exactSpelling(word)}`], boost: asTypedWeights() },
      ],
    }));
    const fits = (/** @type {KnownDocument | undefined} */ entry) =>
      entry !== undefined &&
      (!query.kind || entry.kind === query.kind) &&
      (!query.meeting || entry.meetings.has(query.meeting));
    return this.index
      .search({ combineWith: "AND", queries }, { boost: WEIGHT })
      .map((result) => /** @type {KnownDocument} */ (this.documents.get(result.id)))
      .filter(fits);
  }
}

function asTypedWeights() {
  return Object.fromEntries(
    FIELDS.map((field) => [field, AS_TYPED * (WEIGHT[/** @type {keyof typeof WEIGHT} */ (field)] ?? 1)]),
  );
}
