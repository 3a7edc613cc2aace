/** The roll call: a search that always has the focus, and the list. One person at a time, or many. */

import { html } from "htm/preact";
import { useCallback, useMemo, useRef, useState } from "preact/hooks";

import { hashOf, isCard } from "./card.js";
import { checkIn, isHere } from "./check-in.js";
import { statedAt } from "./instants.js";
import { PersonRow, stateOf } from "./person.js";
import { substituteOf } from "./requests.js";
import { say, timeOf } from "./say.js";
import { findPeople, sortPeople, theOneMeant } from "./search.js";
import { Scanner } from "./scan.js";
import { beep } from "./sound.js";

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./desk.js").Desk} Desk
 */

const STATES = ["present", "late", "excused", "unexcused", "unrecorded"];

/** @param {import("./desk-view.js").ViewProps} props */
export function RollCall({ desk, onAnswer, onPerson }) {
  const [typed, setTyped] = useState("");
  const [filter, setFilter] = useState({ state: "", unit: "", row: "" });
  const [chosen, setChosen] = useState(/** @type {Set<string> | null} */ (null));
  const [isPaper, setPaper] = useState(false); // while a paper list is entered
  const [stated, setStated] = useState(""); // the time of day on it
  const [isScanning, setScanning] = useState(false);
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const latestTap = useRef((/** @type {RosterLine} */ _) => {});
  const stableTap = useCallback((/** @type {RosterLine} */ line) => latestTap.current(line), []);
  const busy = useRef(/** @type {Set<string>} */ (new Set()));

  const everybody = useMemo(() => sortPeople([...desk.roster.values()]), [desk.roster]);
  const found = useMemo(() => findPeople(everybody, typed), [everybody, typed]);
  const shown = found.filter((line) => passes(desk, line, filter));
  const absent = shown.filter((line) => !isHere(desk, line.person));
  const meant = theOneMeant(found, typed);
  const happenedAt = isPaper && desk.meeting ? statedAt(desk.meeting, stated, Date.now()) : null;
  const isUnclear = isPaper && happenedAt === null;

  /** @param {RosterLine} line @param {"search" | "qr"} source */
  async function arrive(line, source) {
    if (desk.isChair) return onPerson(line.person); // who attests nothing
    if (busy.current.has(line.person)) return; // a second tap while the first is being stored
    const isOfPaper = isPaper && source !== "qr"; // whoever shows a card is here now
    if (isOfPaper && isUnclear) return onAnswer({ message: say("paper.ahead") });
    const at = isOfPaper ? happenedAt : null;
    busy.current.add(line.person);
    try {
      const was = isHere(desk, line.person);
      if (!was && !(await checkIn(desk, [line], isOfPaper ? "paper" : source, at))) return;
      beep(was ? "was" : "stored");
      const came = timeOf(desk.hall.of.get(line.person)?.stays[0]?.[0] ?? 0);
      const stored = desk.outcome?.state === "sent" ? "answer.stored" : "answer.queued";
      const key = was ? "answer.was" : isOfPaper ? "answer.stated" : stored;
      const message = say(key, { at: came, now: timeOf(Date.now()) });
      const instead = substituteOf(desk, line.person);
      const warning = instead ? ` ${say("answer.substituted", { name: desk.nameOf(instead) })}` : "";
      onAnswer({ person: line.person, message: message + warning });
      setTyped("");
      search.current?.focus();
    } finally {
      busy.current.delete(line.person);
    }
  }

  async function scanned(/** @type {string} */ code) {
    setTyped("");
    const hash = await hashOf(code);
    const line = everybody.find((each) => each.card_hash === hash);
    if (line) return arrive(line, "qr");
    beep("was");
    onAnswer({ message: say("answer.no_card") });
    return undefined;
  }

  function submit(/** @type {Event} */ event) {
    event.preventDefault();
    if (isCard(typed.trim())) void scanned(typed.trim()); // a USB scanner types
    else if (meant) void arrive(meant, "search");
  }

  function tap(/** @type {RosterLine} */ line) {
    if (chosen) {
      const next = new Set(chosen);
      if (!next.delete(line.person)) next.add(line.person);
      setChosen(next);
    } else if (desk.isChair || isHere(desk, line.person)) onPerson(line.person);
    else void arrive(line, "search");
  }

  function togglePaper() {
    setPaper(!isPaper);
    setStated(timeOf(Date.now()));
  }

  latestTap.current = tap;

  async function arriveTogether() {
    const lines = everybody.filter((line) => chosen?.has(line.person) && !isHere(desk, line.person));
    if (isUnclear) onAnswer({ message: say("paper.ahead") });
    else if (await checkIn(desk, lines, isPaper ? "paper" : "bulk", happenedAt)) {
      setChosen(null);
      onAnswer({ title: say("bulk.done", { n: lines.length }), message: say("answer.undo") });
      search.current?.focus();
    }
  }

  return html`<form class="search" role="search" onSubmit=${submit} onKeyDown=${moveInList}>
      <label>
        ${say("search")}
        <input
          ref=${search}
          type="search"
          value=${typed}
          onInput=${(/** @type {any} */ event) => setTyped(event.target.value)}
          placeholder=${say("search.hint")}
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
    </p>`}
    ${isScanning && html`<${Scanner} onCode=${scanned} onClose=${() => setScanning(false)} />`}
    ${isPaper &&
    html`<p class="notice">
      <label>${say("paper.time")} <input type="time" value=${stated} onInput=${(/** @type {any} */ event) => setStated(event.target.value)} /></label>
      ${say(isUnclear ? "paper.ahead" : "paper.why")}
    </p>`}
    <details class="filters">
      <summary>${say("filter")}${Object.values(filter).some(Boolean) ? ` · ${say("filter.on", { n: shown.length })}` : ""}</summary>
      <${Filters} desk=${desk} filter=${filter} onChange=${setFilter} />
    </details>
    ${typed.trim() && found.length > 0 && !meant && html`<p class="hint">${say("search.several", { n: found.length })}</p>`}
    <${Counts} desk=${desk} />
    ${chosen &&
    html`<p class="bulk">
      <button class="main" disabled=${chosen.size === 0} onClick=${arriveTogether}>${say("bulk.do", { n: chosen.size })}</button>
      <button onClick=${() => setChosen(new Set(absent.map((line) => line.person)))}>${say("bulk.all", { n: absent.length })}</button>
    </p>`}
    ${everybody.length === 0
      ? html`<p class="empty">${say(emptiness(desk.outcome))}</p>`
      : html`<ul class="people" onKeyDown=${moveInList}>
          ${shown.map(
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
    ${everybody.length > 0 && shown.length === 0 && html`<p class="empty">${say("search.nobody")}</p>`}`;
}

/** The counters, marked as provisional while anything may be missing. @param {{desk: Desk}} props */
export function Counts({ desk }) {
  const { counts } = desk.hall.all;
  const isProvisional = desk.fates.unsent !== 0 || desk.outcome?.state !== "sent";
  return html`<p class="counts" aria-live="polite">
    <b class="present">● ${say("count.present", { n: counts.present, all: counts.summoned })}</b>
    <span class="late">◐ ${say("count.late", { n: counts.late })}</span>
    ${counts.absentExcused > 0 && html`<span class="excused">◇ ${say("count.excused", { n: counts.absentExcused })}</span>`}
    ${counts.absentUnexcused > 0 && html`<span class="unexcused">✕ ${say("count.unexcused", { n: counts.absentUnexcused })}</span>`}
    <span class="unrecorded">○ ${say("count.rest", { n: counts.notRecorded })}</span>
    ${counts.guests + counts.substitutes + counts.visitors > 0 &&
    html`<span>${say("count.beside", { guests: counts.guests, substitutes: counts.substitutes, visitors: counts.visitors })}</span>`}
    ${isProvisional && html`<i>${say("provisional")}</i>`}
  </p>`;
}

/** @typedef {{state: string, unit: string, row: string}} Filter */

/** @param {{desk: Desk, filter: Filter, onChange: (filter: Filter) => void}} props */
function Filters({ desk, filter, onChange }) {
  const rows = new Set([...desk.roster.values()].map((line) => rowOf(line.seat)).filter(Boolean));
  /** @type {[keyof Filter, [string, string][]][]} */
  const choices = [
    ["state", STATES.map((state) => [state, say(`filter.${state}`)])],
    ["unit", Object.entries(desk.units)],
    ["row", [...rows].sort().map((row) => [row, row])],
  ];
  return html`<div class="choices">
    ${choices.map(
      ([name, options]) =>
        html`<label>
          ${say(`filter.${name}`)}
          <select value=${filter[name]} onChange=${(/** @type {any} */ event) => onChange({ ...filter, [name]: event.target.value })}>
            <option value="">${say("filter.all")}</option>
            ${options.map(([value, label]) => html`<option value=${value}>${label}</option>`)}
          </select>
        </label>`,
    )}
  </div>`;
}

/** @param {Desk} desk @param {RosterLine} line @param {Filter} filter */
function passes(desk, line, { state, unit, row }) {
  if (unit && line.unit !== unit) return false;
  if (row && rowOf(line.seat) !== row) return false;
  return !state || stateOf(desk.hall.of.get(line.person)) === state;
}

/** The letters before a seat's number. */
function rowOf(/** @type {string} */ seat) {
  return /^\D*/.exec(seat)?.[0] ?? "";
}

/** Arrows walk from the search through the list, Escape leads back: no mouse is needed. */
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

/** Why the list is empty, as far as it is known. */
function emptiness(/** @type {import("./sync.js").Outcome | null} */ outcome) {
  if (outcome?.state === "offline") return "empty.offline";
  return outcome?.state === "sent" ? "empty.none" : "empty";
}
