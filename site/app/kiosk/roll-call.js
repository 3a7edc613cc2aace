/** The roll call: three zones that never move (header, search, list) and the answer over them. */

import { html } from "htm/preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";

import { Header, Notices } from "./header.js";
import { recordOf } from "./mint.js";
import { Answer, PersonRow } from "./person.js";
import { say } from "./say.js";
import { findPeople, sortPeople } from "./search.js";
import { call } from "./server.js";
import { presenceOf } from "./standing.js";
import { addRecord, countFates, getMeta, ownRecords, setMeta, streamRecords } from "./store.js";
import { keepSyncing } from "./sync.js";

const ANSWER_MS = 2500;

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./types.js").Meeting} Meeting
 * @typedef {import("./standing.js").Presence} Presence
 * @typedef {{people: RosterLine[], units: Record<string, string>, present: Map<string, Presence>,
 *   unsent: number, refused: number, held: number, lastSentAt: string | null}} State
 */

/** @type {State} */
const NOTHING = {
  people: [],
  units: {},
  present: new Map(),
  unsent: 0,
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

  const reload = useCallback(async () => {
    setState(await readState(db, chosen.current));
  }, [db]);

  useEffect(() => {
    void (async () => {
      const found = await loadMeetings(db, enrolment, setMeetings);
      chosen.current = (await getMeta(db, "meeting")) ?? chooseMeeting(found);
      setMeeting(chosen.current);
      await reload();
      send.current = keepSyncing(
        db,
        clock,
        () => chosen.current,
        (told) => {
          setOutcome(told);
          void reload();
        },
      );
    })();
  }, [db, clock, enrolment, reload]);

  useEffect(() => {
    if (!answer) return undefined;
    const timer = setTimeout(() => setAnswer(null), ANSWER_MS);
    return () => clearTimeout(timer);
  }, [answer]);

  async function choose(/** @type {string} */ id) {
    chosen.current = id;
    setMeeting(id);
    setLast(null);
    await setMeta(db, "meeting", id);
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
    const was = state.present.has(line.person);
    if (!was) {
      const body = { mode: "in_person", ...(line.seat ? { seat: line.seat } : {}) };
      await record({ kind: "check_in", person: line.person, source: "search", body });
      setLast(line);
    }
    setAnswer({ line, was });
    setTyped("");
    search.current?.focus();
  }

  async function undo(/** @type {RosterLine} */ line) {
    const presence = state.present.get(line.person);
    if (!presence) return;
    const refs = [presence.checkIn.id];
    await record({ kind: "void", person: line.person, refs, source: "search", body: {} });
    setLast(null);
    setAnswer(null);
    search.current?.focus();
  }

  const sorted = useMemo(() => sortPeople(state.people), [state.people]);
  const shown = useMemo(() => findPeople(sorted, typed), [sorted, typed]);
  const late = [...state.present.values()].filter((each) => each.lateMinutes !== null).length;
  const here = sorted.filter((line) => state.present.has(line.person)).length;

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
              (each) => html`<option value=${each.id}>${each.title} · ${say(`state.${each.state}`)}</option>`,
            )}
          </select>
        </label>
        <form
          class="search"
          onSubmit=${(/** @type {Event} */ event) => {
            event.preventDefault();
            if (shown.length > 0 && typed.trim()) void checkIn(shown[0]);
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
        <p class="counts" aria-live="polite">
          <b class="present">● ${say("count.present", { n: here, all: sorted.length })}</b>
          <span class="late">◐ ${say("count.late", { n: late })}</span>
          <span class="unrecorded">○ ${say("count.rest", { n: sorted.length - here })}</span>
          ${(state.unsent > 0 || outcome?.state !== "sent") && html`<i>${say("provisional")}</i>`}
        </p>
        ${sorted.length === 0
          ? html`<p class="empty">${say(outcome?.state === "offline" ? "empty.offline" : "empty")}</p>`
          : html`<ul class="people">
              ${shown.map(
                (line) => html`<${PersonRow}
                  key=${line.person}
                  line=${line}
                  units=${state.units}
                  presence=${state.present.get(line.person)}
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
        presence=${state.present.get(answer.line.person)}
        was=${answer.was}
        onClose=${() => setAnswer(null)}
        onUndo=${() => undo(answer.line)}
      />`}
    </div>`;
}

/** @param {import("./store.js").Database} db @param {string | null} meeting @returns {Promise<State>} */
async function readState(db, meeting) {
  const fates = await countFates(db);
  const lastSentAt = (await getMeta(db, "lastSentAt")) ?? null;
  if (!meeting) return { ...NOTHING, ...fates, lastSentAt };
  const [own, stream, roster] = await Promise.all([
    ownRecords(db, meeting),
    streamRecords(db, meeting),
    db.get("rosters", meeting),
  ]);
  const { people, units } = roster ?? NOTHING;
  return { people, units, present: presenceOf(own, stream), ...fates, lastSentAt };
}

/**
 * Show the meetings that are kept, then those that the server has now if it answers.
 * @param {import("./store.js").Database} db
 * @param {import("./types.js").Enrolment} enrolment
 * @param {(meetings: Meeting[]) => void} show
 * @returns {Promise<Meeting[]>}
 */
async function loadMeetings(db, enrolment, show) {
  /** @type {Meeting[]} */
  const kept = (await getMeta(db, "meetings")) ?? [];
  show(kept);
  const asked = call("/meetings", { token: enrolment.read_token }).then(async (result) => {
    if (!result.ok) return kept;
    show(result.data);
    await setMeta(db, "meetings", result.data);
    return /** @type {Meeting[]} */ (result.data);
  });
  return kept.length > 0 ? kept : asked;
}

/** The meeting that is on, else the next, else the latest. @param {Meeting[]} meetings */
function chooseMeeting(meetings) {
  const upcoming = meetings.filter((each) => each.state === "upcoming");
  const found = meetings.find((each) => each.state === "open") ?? upcoming.pop() ?? meetings[0];
  return found?.id ?? null;
}
