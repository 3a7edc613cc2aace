/** Shows the roll call, which records the arrival of one person or of many. The search field keeps
 * the focus. */

import { html } from "htm/preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { cardHashOf, isCard } from "./card.js";
import { checkIn, isPresentNow } from "./check-in.js";
import { LazyPart } from "./lazy-part.js";
import { statedInstant } from "../words/instants.js";
import { PersonRow, displayStateOf } from "./person-row.js";
import { substituteOf } from "./requests.js";
import { say, timeOf } from "../words/messages.js";
import { findPeople, sortPeople, selectedMatch } from "./search.js";
import { beep } from "./sound.js";

/**
 * @typedef {import("../types.js").RosterLine} RosterLine
 * @typedef {import("./desk.js").Desk} Desk
 */

const LONGEST_SHOWN = 40; // characters shown of a typed text that matches nobody

/** Show the search field, the tools and the list of people, and record arrivals. On a chair's
 * device, a tap opens the person's sheet instead. `scan` is the next code that a scanner has
 * typed, or null.
 * @param {import("./desk-view.js").ViewProps & {scan: {code: string} | null, onScanTaken: () => void}} props */
export function RollCall({ desk, onAnswer, onPerson, scan, onScanTaken }) {
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState({ state: "", unit: "", row: "" });
  const [chosen, setChosen] = useState(/** @type {Set<string> | null} */ (null));
  const [isPaper, setPaper] = useState(false); // true while the clerk enters a paper list
  const [statedTime, setStatedTime] = useState(""); // the time of day on the paper list, as `07:25`
  const [isScanning, setScanning] = useState(false);
  const [isFiltering, setFiltering] = useState(false);
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const latestTap = useRef((/** @type {RosterLine} */ _) => {});
  const stableTap = useCallback((/** @type {RosterLine} */ line) => latestTap.current(line), []);
  const storing = useRef(/** @type {Set<string>} */ (new Set()));

  const sortedLines = useMemo(() => sortPeople([...desk.roster.values()]), [desk.roster]);
  const matches = useMemo(() => findPeople(sortedLines, typed), [sortedLines, typed]);
  const visibleLines = matches.filter((line) => matchesFilter(desk, line, filter));
  const isFiltered = Object.values(filter).some(Boolean);
  const absentLines = visibleLines.filter((line) => !isPresentNow(desk, line.person));
  const onlyMatch = selectedMatch(matches, typed);
  const happenedAt = isPaper && desk.meeting ? statedInstant(desk.meeting, statedTime, desk.nowMs) : null;
  const isTimeUnclear = isPaper && happenedAt === null;

  /** Record an arrival and show the answer. On a chair's device, show the person's sheet instead.
   * Do nothing while an earlier tap on the same person is being stored.
   * @param {RosterLine} line @param {"search" | "qr"} source */
  async function arrive(line, source) {
    if (desk.isChair) return onPerson(line.person); // a chair records no arrivals
    if (storing.current.has(line.person)) return; // ignores a second tap while the first is being stored
    const isFromPaper = isPaper && source !== "qr"; // a person who shows a card is arriving now
    if (isFromPaper && isTimeUnclear) return onAnswer({ message: say("paper.ahead") });
    const at = isFromPaper ? happenedAt : null;
    storing.current.add(line.person);
    try {
      const wasInHall = isPresentNow(desk, line.person);
      if (!wasInHall && !(await checkIn(desk, [line], isFromPaper ? "paper" : source, at))) return;
      beep(wasInHall ? "was" : "stored");
      const arrivedAt = timeOf(desk.hall.of.get(line.person)?.stays.at(-1)?.[0] ?? 0);
      const storedKey = desk.outcome?.state === "sent" ? "answer.stored" : "answer.queued";
      const messageKey = wasInHall ? "answer.was" : isFromPaper ? "answer.stated" : storedKey;
      const message = say(messageKey, { at: arrivedAt, now: timeOf(desk.nowMs) });
      const substitute = substituteOf(desk, line.person);
      const warning = substitute ? ` ${say("answer.substituted", { name: desk.nameOf(substitute) })}` : "";
      onAnswer({ person: line.person, message: message + warning });
      search.current?.focus();
    } finally {
      storing.current.delete(line.person);
    }
  }

  async function arriveByCard(/** @type {string} */ code) {
    const hash = await cardHashOf(code);
    const line = sortedLines.find((rosterLine) => rosterLine.card_hash === hash);
    if (line) return arrive(line, "qr");
    beep("was");
    onAnswer({ message: say("answer.no_card") });
    return undefined;
  }

  /** Record the arrival of the person that the typed text selects, or say why nobody is recorded.
   * Empty the field at once, because a scanner may already be typing a code. */
  function submit(/** @type {Event} */ event) {
    event.preventDefault();
    const text = search.current?.value.trim() ?? "";
    if (!text) return;
    const candidates = findPeople(sortedLines, text);
    const match = selectedMatch(candidates, text);
    if (!match && candidates.length > 0) return beep("was"); // the list below shows all of them
    empty(); // otherwise the next code would be appended to this text
    if (isCard(text)) void arriveByCard(text); // typed by hand, from under the QR code
    else if (match) void arrive(match, "search");
    else refuse(text);
  }

  /** Record the arrival of the person whose card or whole code was scanned. A part of a code records
   * nobody, because foreign codes contain numbers. */
  function takeScan(/** @type {string} */ code) {
    const line = desk.roster.get(code.toUpperCase());
    if (isCard(code)) void arriveByCard(code);
    else if (line) void arrive(line, "qr");
    else refuse(code);
    search.current?.focus();
  }

  function refuse(/** @type {string} */ text) {
    beep("was");
    onAnswer({ message: say("answer.nobody", { text: text.slice(0, LONGEST_SHOWN) }) });
  }

  useEffect(() => {
    if (!scan) return;
    onScanTaken();
    takeScan(scan.code);
  }, [scan]);

  function empty() {
    setTyped("");
    if (search.current) search.current.value = "";
  }

  function tap(/** @type {RosterLine} */ line) {
    if (chosen) {
      const next = new Set(chosen);
      if (!next.delete(line.person)) next.add(line.person);
      setChosen(next);
    } else if (desk.isChair || isPresentNow(desk, line.person)) onPerson(line.person);
    else {
      empty();
      void arrive(line, "search");
    }
  }

  function togglePaper() {
    setPaper(!isPaper);
    setStatedTime(timeOf(desk.nowMs));
  }

  latestTap.current = tap;

  async function arriveTogether() {
    const lines = sortedLines.filter((line) => chosen?.has(line.person) && !isPresentNow(desk, line.person));
    if (isTimeUnclear) onAnswer({ message: say("paper.ahead") });
    else if (await checkIn(desk, lines, isPaper ? "paper" : "bulk", happenedAt)) {
      setChosen(null);
      onAnswer({ title: say("bulk.done", { n: lines.length }), message: say("answer.undo") });
      search.current?.focus();
    }
  }

  return html`<form class="search" role="search" onSubmit=${submit} onKeyDown=${moveInList}>
      <label>
        <span class="hidden">${say("search")}</span>
        <input
          ref=${search}
          type="search"
          value=${typed}
          onInput=${(/** @type {any} */ event) => setTyped(event.target.value)}
          placeholder=${`${say("search")}: ${say("search.hint")}`}
          autocomplete="off"
          spellcheck="false"
          autofocus
        />
      </label>
    </form>
    ${!desk.isChair &&
    html`<p class="tools">
      <button aria-pressed=${isScanning} onClick=${() => setScanning(!isScanning)}>${say("scan")}</button>
      <button aria-pressed=${chosen !== null} onClick=${() => setChosen(chosen ? null : new Set())}>${say("bulk")}</button>
      <button aria-pressed=${isPaper} onClick=${togglePaper}>${say("paper")}</button>
      <button aria-pressed=${isFiltering} onClick=${() => setFiltering(!isFiltering)}>
        ${isFiltered ? say("filter.on", { n: visibleLines.length }) : say("filter")}
      </button>
    </p>`}
    ${isScanning && html`<${LazyPart} which="scanner" props=${{ onCode: arriveByCard, onClose: () => setScanning(false) }} />`}
    ${isPaper &&
    html`<p class="notice">
      <label>${say("paper.time")} <input type="time" value=${statedTime} onInput=${(/** @type {any} */ event) => setStatedTime(event.target.value)} /></label>
      ${say(isTimeUnclear ? "paper.ahead" : "paper.why")}
    </p>`}
    ${(isFiltering || desk.isChair) && html`<${LazyPart} which="filters" props=${{ desk, filter, onChange: setFilter }} />`}
    ${typed.trim() && matches.length > 0 && !onlyMatch && html`<p class="hint">${say("search.several", { n: matches.length })}</p>`}
    <${Counts} desk=${desk} />
    ${chosen &&
    html`<p class="bulk">
      <button class="main" disabled=${chosen.size === 0} onClick=${arriveTogether}>${say("bulk.do", { n: chosen.size })}</button>
      <button onClick=${() => setChosen(new Set(absentLines.map((line) => line.person)))}>${say("bulk.all", { n: absentLines.length })}</button>
    </p>`}
    ${sortedLines.length === 0
      ? html`<p class="empty">${say(emptyListKey(desk.outcome))}</p>`
      : html`<ul class="people" onKeyDown=${moveInList}>
          ${visibleLines.map(
            (line) =>
              html`<${PersonRow}
                key=${line.person}
                line=${line}
                units=${desk.units}
                standing=${desk.hall.of.get(line.person)}
                onTap=${stableTap}
                onMore=${onPerson}
                isChosen=${chosen && chosen.has(line.person)}
              />`,
          )}
        </ul>`}
    ${sortedLines.length > 0 && visibleLines.length === 0 && html`<p class="empty">${say("search.nobody")}</p>`}`;
}

/** Show the hall's counts, marked as provisional while records are unsent or the last sync failed.
 * @param {{desk: Desk}} props */
export function Counts({ desk }) {
  const { counts } = desk.hall.all;
  const isProvisional = desk.fates.unsent !== 0 || desk.outcome?.state !== "sent";
  return html`<p class="counts" aria-live="polite">
    <b class="present">● ${say("count.present", { n: counts.present, all: counts.summoned })}</b>
    <span class="late">◐ ${say("count.late", { n: counts.late })}</span>
    ${counts.absent_excused > 0 && html`<span class="excused">◇ ${say("count.excused", { n: counts.absent_excused })}</span>`}
    ${counts.absent_unexcused > 0 && html`<span class="unexcused">✕ ${say("count.unexcused", { n: counts.absent_unexcused })}</span>`}
    <span class="unrecorded">○ ${say("count.rest", { n: counts.not_recorded })}</span>
    ${counts.guests + counts.substitutes + counts.visitors > 0 &&
    html`<span>${say("count.beside", { guests: counts.guests, substitutes: counts.substitutes, visitors: counts.visitors })}</span>`}
    ${isProvisional && html`<i>${say("provisional")}</i>`}
  </p>`;
}

/** Return whether a person matches every field of the filter that is set.
 * @param {Desk} desk @param {RosterLine} line @param {import("./filters.js").Filter} filter */
function matchesFilter(desk, line, { state, unit, row }) {
  if (unit && line.unit !== unit) return false;
  if (row && rowOf(line.seat) !== row) return false;
  const standing = desk.hall.of.get(line.person);
  // The header counts people who came late or left early as present, too.
  return !state || displayStateOf(standing) === state || (state === "present" && displayStateOf(standing) === "late");
}

/** Return a seat's row, which is the text before the first digit; "" without a row. */
export function rowOf(/** @type {string} */ seat) {
  return /^\D*/.exec(seat)?.[0] ?? "";
}

/** Move the focus through the list with the arrow keys. Escape moves the focus to the search field. */
function moveInList(/** @type {KeyboardEvent} */ event) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const root = /** @type {HTMLElement} */ (event.currentTarget).closest("main");
  const field = /** @type {HTMLElement | null} */ (root?.querySelector(".search input"));
  if (event.key === "Escape") field?.focus();
  if (!step || !root) return;
  event.preventDefault();
  const stops = [field, ...root.querySelectorAll("button.person")];
  const at = stops.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  /** @type {HTMLElement | null | undefined} */ (stops[Math.max(0, at + step)])?.focus();
}

/** Return the key of the message that explains why the list of people is empty. */
function emptyListKey(/** @type {import("../sync/sync.js").Outcome | null} */ outcome) {
  if (outcome?.state === "offline") return "empty.offline";
  return outcome?.state === "sent" ? "empty.none" : "empty";
}
