/** The roll call: three zones that never move (header, search, list) and the answer over them. */

import { html } from "htm/preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { Header, Notices } from "./header.js";
import { chooseMeeting, stateOf } from "./meetings.js";
import { recordOf } from "./mint.js";
import { Answer, PersonRow } from "./person.js";
import { say } from "./say.js";
import { findPeople, sortPeople, theOneMeant } from "./search.js";
import { hallOf, undoable } from "./standing.js";
import { addRecord, countFates, getMeta, ownRecords, setMeta, streamRecords } from "./store.js";
import { keepSyncing, refreshMeetings } from "./sync.js";

const ANSWER_MS = 2500;

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./types.js").Meeting} Meeting
 * @typedef {{people: RosterLine[], units: Record<string, string>, hall: import("./standing.js").Hall,
 *   unsent: number | null, refused: number, held: number, lastSentAt: string | null}} State
 */

/** @type {State} */
const NOTHING = {
  people: [],
  units: {},
  hall: hallOf("", [], []),
  unsent: null,
  refused: 0,
  held: 0,
  lastSentAt: null,
};

/**
 * @param {{db: import("./store.js").Database, clock: () => import("./clock.js").Reading,
 *   enrolment: import("./types.js").Enrolment}} props
 */
export function RollCall({ db, clock, enrolment }) {
  const [meetings, setMeetings] = useState(/** @type {Meeting[]} */ ([]));
  const [meeting, setMeeting] = useState(/** @type {string | null} */ (null));
  const [state, setState] = useState(NOTHING);
  const [outcome, setOutcome] = useState(/** @type {import("./sync.js").Outcome | null} */ (null));
  const [typed, setTyped] = useState("");
  const [answer, setAnswer] = useState(/** @type {{line: RosterLine, was: boolean} | null} */ (null));
  const [last, setLast] = useState(/** @type {RosterLine | null} */ (null));
  const search = useRef(/** @type {HTMLInputElement | null} */ (null));
  const chosen = useRef(/** @type {string | null} */ (null));
  const send = useRef(() => {});
  const busy = useRef(/** @type {Set<string>} */ (new Set()));

  const reload = useCallback(async () => {
    /** @type {Meeting[]} */
    const known = (await getMeta(db, "meetings")) ?? [];
    chosen.current = chooseMeeting(known, await getMeta(db, "choice"), Date.now());
    setMeetings(known);
    setMeeting(chosen.current);
    setState(await readState(db, enrolment.point, chosen.current));
  }, [db, enrolment]);

  useEffect(() => {
    void (async () => {
      await reload();
      if (!chosen.current) {
        await refreshMeetings(db, enrolment);
        await reload();
      }
      const told = async (/** @type {import("./sync.js").Outcome} */ outcome) => {
        const before = chosen.current;
        await reload();
        setOutcome(outcome);
        if (chosen.current !== before) send.current();
      };
      send.current = keepSyncing(db, clock, () => chosen.current, (outcome) => void told(outcome));
    })();
  }, [db, clock, enrolment, reload]);

  useEffect(() => {
    if (!answer) return undefined;
    const timer = setTimeout(() => setAnswer(null), ANSWER_MS);
    return () => clearTimeout(timer);
  }, [answer]);

  async function choose(/** @type {string} */ id) {
    setLast(null);
    await setMeta(db, "choice", { id, chosenMs: Date.now() });
    await reload();
    send.current();
  }

  /** Store first, show afterwards: what the screen says is on the disk. */
  async function record(/** @type {import("./mint.js").Draft} */ draft) {
    if (!meeting) return;
    await addRecord(db, recordOf(enrolment, meeting, clock(), draft));
    await reload();
    send.current();
  }

  async function checkIn(/** @type {RosterLine} */ line) {
    if (busy.current.has(line.person)) return; // a second tap while the first is being stored
    busy.current.add(line.person);
    try {
      const was = isHere(line.person);
      if (!was) {
        const body = { mode: "in_person", ...(line.seat ? { seat: line.seat } : {}) };
        await record({ kind: "check_in", person: line.person, source: "search", body });
        setLast(line);
      }
      setAnswer({ line, was });
      setTyped("");
      search.current?.focus();
    } finally {
      busy.current.delete(line.person);
    }
  }

  /** Take back every check-in of the person that this clerk may take back. */
  async function undo(/** @type {RosterLine} */ line) {
    for (const checkIn of undoneBy(line)) {
      const refs = [checkIn.id];
      await record({ kind: "void", person: line.person, refs, source: "search", body: {} });
    }
    setLast(null);
    setAnswer(null);
    search.current?.focus();
  }

  function undoneBy(/** @type {RosterLine} */ line) {
    return undoable(state.hall.records, { by: enrolment.profile, point: enrolment.point }, line.person);
  }

  function isHere(/** @type {string} */ person) {
    return state.hall.of.get(person)?.standing === "present";
  }

  const sorted = useMemo(() => sortPeople(state.people), [state.people]);
  const shown = useMemo(() => findPeople(sorted, typed), [sorted, typed]);
  const meant = theOneMeant(shown, typed);
  const { counts } = state.hall;

  return html`<div
      class="kiosk"
      onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        if (answer && event.key !== "Tab") setAnswer(null);
      }}
    >
      <${Header} enrolment=${enrolment} state=${state} outcome=${outcome} onSend=${() => send.current()} />
      <${Notices} outcome=${outcome} />
      <main>
        <label class="which">
          ${say("meeting")}
          <select value=${meeting ?? ""} onChange=${(/** @type {any} */ e) => choose(e.target.value)}>
            ${!meeting && html`<option value="">${say("meeting.none")}</option>`}
            ${meetings.map(
              (each) => html`<option value=${each.id}>${each.title} · ${say(`state.${stateOf(each, Date.now())}`)}</option>`,
            )}
          </select>
        </label>
        <form
          class="search"
          onSubmit=${(/** @type {Event} */ event) => {
            event.preventDefault();
            if (meant) void checkIn(meant);
          }}
        >
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
        ${typed.trim() && shown.length > 0 && !meant && html`<p class="hint">${say("search.several", { n: shown.length })}</p>`}
        <p class="counts" aria-live="polite">
          <b class="present">● ${say("count.present", { n: counts.present, all: counts.summoned })}</b>
          <span class="late">◐ ${say("count.late", { n: counts.late })}</span>
          ${counts.absentExcused > 0 &&
          html`<span class="excused">◇ ${say("count.excused", { n: counts.absentExcused })}</span>`}
          ${counts.absentUnexcused > 0 &&
          html`<span class="unexcused">✕ ${say("count.unexcused", { n: counts.absentUnexcused })}</span>`}
          <span class="unrecorded">○ ${say("count.rest", { n: counts.notRecorded })}</span>
          ${(state.unsent !== 0 || outcome?.state !== "sent") && html`<i>${say("provisional")}</i>`}
        </p>
        ${sorted.length === 0
          ? html`<p class="empty">${say(emptiness(outcome))}</p>`
          : html`<ul class="people">
              ${shown.map(
                (line) => html`<${PersonRow}
                  key=${line.person}
                  line=${line}
                  units=${state.units}
                  standing=${state.hall.of.get(line.person)}
                  onTap=${checkIn}
                />`,
              )}
            </ul>`}
        ${sorted.length > 0 && shown.length === 0 && html`<p class="empty">${say("search.nobody")}</p>`}
      </main>
      ${last &&
      !answer &&
      html`<button class="undo" onClick=${() => undo(last)}>↶ ${say("undo", { name: last.name })}</button>`}
      ${answer &&
      html`<${Answer}
        line=${answer.line}
        units=${state.units}
        standing=${state.hall.of.get(answer.line.person)}
        was=${answer.was}
        isOnline=${outcome?.state === "sent"}
        onClose=${() => setAnswer(null)}
        canUndo=${undoneBy(answer.line).length > 0}
        onUndo=${() => undo(answer.line)}
      />`}
    </div>`;
}

/** Why the list is empty, as far as it is known. */
function emptiness(/** @type {import("./sync.js").Outcome | null} */ outcome) {
  if (outcome?.state === "offline") return "empty.offline";
  return outcome?.state === "sent" ? "empty.none" : "empty";
}

/**
 * @param {import("./store.js").Database} db @param {string} point @param {string | null} meeting
 * @returns {Promise<State>}
 */
async function readState(db, point, meeting) {
  const fates = await countFates(db);
  const lastSentAt = (await getMeta(db, "lastSentAt")) ?? null;
  if (!meeting) return { ...NOTHING, ...fates, lastSentAt };
  const [own, stream, roster] = await Promise.all([
    ownRecords(db, meeting),
    streamRecords(db, meeting),
    db.get("rosters", meeting),
  ]);
  const { people, units } = roster ?? NOTHING;
  return { people, units, hall: hallOf(point, own, stream), ...fates, lastSentAt };
}
