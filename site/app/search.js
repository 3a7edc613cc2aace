/** Runs the search page: searches all published pages, and the texts of materials that have been
 * loaded so far. */

import { search as words } from "../messages.vi.json";
import { fill } from "./words.js";
import { readDocuments, readText } from "./search/documents.js";
import { Finder } from "./search/finder.js";
import { showMatches } from "./search/show.js";

const form = /** @type {HTMLFormElement} */ (document.querySelector("form.search"));
const statusLine = /** @type {HTMLElement} */ (document.querySelector("[data-status]"));
const resultList = /** @type {HTMLElement} */ (document.querySelector("[data-found]"));
const moreButton = /** @type {HTMLButtonElement} */ (document.querySelector("[data-more]"));
const meetings = [...form.meeting.options].map((option) => option.value).filter(Boolean);
const finder = new Finder();
const missing = new Set();
let isReading = true;

/** Show the documents that match the form, and how much is loaded. Open the page of a complete short code. */
function showResults() {
  const query = { words: form.q.value.trim(), kind: form.kind.value, meeting: form.meeting.value };
  const code = finder.byCode(query.words);
  if (code && form.dataset.mayLead) {
    location.replace(`../${code}`); // a complete short code opens its page at once
    return;
  }
  const matches = finder.find(query);
  showMatches(resultList, matches, query.words);
  const texts = finder.texts();
  const lines = [
    !query.words ? words.none_yet : matches.length > 0 ? fill(words.found, { n: matches.length }) : words.nothing,
    isReading ? words.loading : "",
    query.words && texts.read < texts.all ? fill(words.texts, texts) : "",
    missing.size > 0 ? fill(words.missing, { n: missing.size }) : "",
  ];
  statusLine.textContent = lines.filter(Boolean).join(" ");
  moreButton.hidden = isReading || texts.read === texts.all;
  moreButton.textContent = fill(words.more, { mb: form.dataset.megabytes });
}

/** Load the texts of these materials, four at a time, then search again. Texts that cannot be read
 * are skipped. */
async function readTexts(/** @type {string[]} */ paths) {
  const waiting = [...paths];
  const readWaiting = async () => {
    for (let path = waiting.shift(); path; path = waiting.shift()) {
      const text = await readText(path);
      if (text) finder.addText(path, text);
    }
  };
  await Promise.all([1, 2, 3, 4].map(readWaiting));
  showResults();
}

async function start() {
  form.q.value = new URLSearchParams(location.search).get("q") ?? "";
  form.dataset.mayLead = "yes";
  for (const name of ["trang", ...meetings.map((id) => `m-${id}`), "khac"]) {
    const documents = await readDocuments(name);
    if (documents) finder.add(documents, name.startsWith("m-") ? name.slice(2) : null);
    else if (name.startsWith("m-")) missing.add(name);
    if (form.q.value) showResults();
  }
  isReading = false;
  form.dataset.mayLead = "";
  showResults();
  await readTexts(finder.unread(form.meeting.value || meetings[0]));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  form.dataset.mayLead = "yes";
  showResults();
  form.dataset.mayLead = "";
});
form.q.addEventListener("input", showResults);
form.kind.addEventListener("change", showResults);
form.meeting.addEventListener("change", async () => {
  showResults();
  if (form.meeting.value) await readTexts(finder.unread(form.meeting.value));
});
moreButton.addEventListener("click", async () => {
  moreButton.disabled = true;
  await readTexts(finder.unread(""));
  moreButton.disabled = false;
});
void start();
if (!form.q.value) form.q.focus();
