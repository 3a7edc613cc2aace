/** Finds people by any part of their name, without diacritics, or by their code. */

import { exactSpelling, fold } from "../../fold.js";

/** @typedef {import("../types.js").RosterLine} RosterLine */

const byLetters = new Intl.Collator("vi");

/** Return people sorted as Vietnamese lists are: by given name, then full name, then code.
 * @param {RosterLine[]} people */
export function sortPeople(people) {
  // Both tone styles of a name (Hoà, Hòa) sort as the same name.
  const spelled = new Map(people.map((line) => [line, line.name.split(" ").map(exactSpelling)]));
  const wordsOf = (/** @type {RosterLine} */ line) => spelled.get(line) ?? [];
  return [...people].sort(
    (a, b) =>
      byLetters.compare(wordsOf(a).at(-1) ?? "", wordsOf(b).at(-1) ?? "") ||
      byLetters.compare(wordsOf(a).join(" "), wordsOf(b).join(" ")) ||
      (a.person < b.person ? -1 : 1),
  );
}

/** Return the initials of a name without accents, as hurried people type them: "nvt" for Nguyễn Văn
 * Tú. */
function initialsOf(/** @type {string} */ name) {
  return fold(name).split(" ").map((part) => part[0]).join("");
}

/**
 * Return the people whose name or code contains every typed word, without regard to accents. A
 * single typed word may also match initials. If nothing is typed, return all people. Names with
 * the typed accents come first, then names with words that begin as typed, then initials, then the
 * rest.
 * @param {RosterLine[]} people @param {string} typed
 */
export function findPeople(people, typed) {
  const exact = typed.trim().toLowerCase().normalize("NFC");
  const words = fold(exact).split(/\s+/).filter(Boolean);
  if (words.length === 0) return people;
  const isByInitials = (/** @type {RosterLine} */ line) =>
    words.length === 1 && words[0].length > 1 && initialsOf(line.name).includes(words[0]);
  const matches = people.filter((line) => {
    const text = `${fold(line.name)} ${line.person.toLowerCase()}`;
    return words.every((word) => text.includes(word)) || isByInitials(line);
  });
  const rank = (/** @type {RosterLine} */ line) => {
    const parts = fold(line.name).split(" ");
    const begins = words.every((word) => parts.some((part) => part.startsWith(word)));
    const isExact = exact !== fold(exact) && line.name.toLowerCase().normalize("NFC").includes(exact);
    return isExact ? 0 : begins ? 1 : isByInitials(line) ? 2 : 3;
  };
  return matches.sort((a, b) => rank(a) - rank(b));
}

/**
 * Return the person whom Enter selects: the only match, or the only match in which every typed
 * word is a whole word. Return null if no person or several people qualify.
 * @param {RosterLine[]} matches @param {string} typed
 */
export function selectedMatch(matches, typed) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const wholeWordMatches = matches.filter((line) => {
    const parts = [...fold(line.name).split(" "), line.person.toLowerCase()];
    return words.every((word) => parts.includes(word));
  });
  const candidates = wholeWordMatches.length > 0 ? wholeWordMatches : matches;
  return candidates.length === 1 ? candidates[0] : null;
}
