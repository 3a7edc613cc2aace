/** The search page: finds among all that is published, and reads as much of it as the line allows. */

import { search as words } from "../messages.vi.json";
import { fill } from "./words.js";
import { readDocuments, readText } from "./search/documents.js";
import { Finder } from "./search/finder.js";
import { showFound } from "./search/show.js";

const form = /** @type {HTMLFormElement} */ (document.querySelector("form.search"));
const told = /** @type {HTMLElement} */ (document.querySelector("[data-told]"));
const place = /** @type {HTMLElement} */ (document.querySelector("[data-found]"));
const more = /** @type {HTMLButtonElement} */ (document.querySelector("[data-more]"));
const meetings = [...form.meeting.options].map((option) => option.value).filter(Boolean);
const finder = new Finder();
const missing = new Set();
let isReading = true;

function show() {
  const asked = { words: form.q.value.trim(), kind: form.kind.value, meeting: form.meeting.value };
  const code = finder.byCode(asked.words);
  if (code && form.dataset.mayLead) {
    location.replace(`../${code}`); // a code typed as it is printed leads straight there
    return;
  }
  const found = finder.find(asked);
  showFound(place, found, asked.words);
  const texts = finder.texts();
  const lines = [
    !asked.words ? words.none_yet : found.length > 0 ? fill(words.found, { n: found.length }) : words.nothing,
    isReading ? words.loading : "",
    asked.words && texts.read < texts.all ? fill(words.texts, texts) : "",
    missing.size > 0 ? fill(words.missing, { n: missing.size }) : "",
  ];
  told.textContent = lines.filter(Boolean).join(" ");
  more.hidden = isReading || texts.read === texts.all;
  more.textContent = fill(words.more, { mb: form.dataset.megabytes });
}

/** Read the texts of some materials, a few at a time, and find in them as they come. */
async function readTexts(/** @type {string[]} */ paths) {
  const waiting = [...paths];
  const worker = async () => {
    for (let path = waiting.shift(); path; path = waiting.shift()) {
      const text = await readText(path);
      if (text) finder.addText(path, text);
    }
  };
  await Promise.all([1, 2, 3, 4].map(worker));
  show();
}

async function start() {
  form.q.value = new URLSearchParams(location.search).get("q") ?? "";
  form.dataset.mayLead = "yes";
  for (const name of ["trang", ...meetings.map((id) => `m-${id}`), "khac"]) {
    const documents = await readDocuments(name);
    if (documents) finder.add(documents, name.startsWith("m-") ? name.slice(2) : null);
    else if (name.startsWith("m-")) missing.add(name);
    if (form.q.value) show();
  }
  isReading = false;
  form.dataset.mayLead = "";
  show();
  await readTexts(finder.unread(form.meeting.value || meetings[0]));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  form.dataset.mayLead = "yes";
  show();
  form.dataset.mayLead = "";
});
form.q.addEventListener("input", show);
form.kind.addEventListener("change", show);
form.meeting.addEventListener("change", async () => {
  show();
  if (form.meeting.value) await readTexts(finder.unread(form.meeting.value));
});
more.addEventListener("click", async () => {
  more.disabled = true;
  await readTexts(finder.unread(""));
  more.disabled = false;
});
void start();
if (!form.q.value) form.q.focus();
