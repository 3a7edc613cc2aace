/** Finds people by any part of their name, without diacritics, or by their code. */

import { fold } from "../fold.js";

/** @typedef {import("./types.js").RosterLine} RosterLine */

const byLetters = new Intl.Collator("vi");

/** Sort as Vietnamese lists are: by given name, then by the whole. @param {RosterLine[]} people */
export function sortPeople(people) {
  const given = (/** @type {RosterLine} */ each) => each.name.slice(each.name.lastIndexOf(" ") + 1);
  return [...people].sort(
    (a, b) =>
      byLetters.compare(given(a), given(b)) ||
      byLetters.compare(a.name, b.name) ||
      (a.person < b.person ? -1 : 1),
  );
}

/** The first letters of a name, as people who are in a hurry type it: "nvt" is Nguyễn Văn Tú. */
function initialsOf(/** @type {string} */ name) {
  return fold(name).split(" ").map((part) => part[0]).join("");
}

/**
 * Everybody in whose name or code each typed word occurs, or whose initials are the one word: first
 * those with the exact accents, then those with a name that begins so, by initials, then the rest.
 * @param {RosterLine[]} people @param {string} typed
 */
export function findPeople(people, typed) {
  const exact = typed.trim().toLowerCase().normalize("NFC");
  const words = fold(exact).split(/\s+/).filter(Boolean);
  if (words.length === 0) return people;
  const isByInitials = (/** @type {RosterLine} */ each) =>
    words.length === 1 && words[0].length > 1 && initialsOf(each.name).includes(words[0]);
  const found = people.filter((each) => {
    const text = `${fold(each.name)} ${each.person.toLowerCase()}`;
    return words.every((word) => text.includes(word)) || isByInitials(each);
  });
  const rank = (/** @type {RosterLine} */ each) => {
    const parts = fold(each.name).split(" ");
    const begins = words.every((word) => parts.some((part) => part.startsWith(word)));
    const isExact = exact !== fold(exact) && each.name.toLowerCase().normalize("NFC").includes(exact);
    return isExact ? 0 : begins ? 1 : isByInitials(each) ? 2 : 3;
  };
  return found.sort((a, b) => rank(a) - rank(b));
}

/**
 * Whom Enter means: the only one found, or the only one of whose name all typed words are whole
 * words; null where it could be somebody else.
 * @param {RosterLine[]} found @param {string} typed
 */
export function theOneMeant(found, typed) {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  if (words.length === 0) return null;
  const whole = found.filter((each) => {
    const parts = [...fold(each.name).split(" "), each.person.toLowerCase()];
    return words.every((word) => parts.includes(word));
  });
  const candidates = whole.length > 0 ? whole : found;
  return candidates.length === 1 ? candidates[0] : null;
}
