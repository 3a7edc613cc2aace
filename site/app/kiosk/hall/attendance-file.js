/** Imports attendance from a file on a USB stick: shows which people of this hall the file lists,
 * then records them. */

import { html } from "htm/preact";
import { useState } from "preact/hooks";

import { statedInstant } from "../words/instants.js";
import { timeOf } from "../words/messages.js";
import { roomText } from "../words/room-messages.js";
import { countedLines } from "./attendance-list.js";
import { readRows, UnreadableFile } from "./sheet-file.js";

/**
 * @typedef {import("../desk/desk.js").Desk} Desk
 * @typedef {import("./attendance-list.js").CountedLine} CountedLine
 */

/** Show a field that chooses a file, then the people in the file and a button that records them as
 * present. Show the reason if the file cannot be read.
 * @param {{desk: Desk}} props */
export function AttendanceFile({ desk }) {
  const [lines, setLines] = useState(/** @type {CountedLine[] | null} */ (null));
  const [message, setMessage] = useState("");
  const [time, setTime] = useState("");
  const { meeting } = desk;
  if (!meeting) return null;

  async function choose(/** @type {any} */ event) {
    const [file] = event.target.files ?? [];
    setLines(null);
    setMessage("");
    if (!file || !meeting) return;
    try {
      const read = countedLines(await readRows(file), [...desk.roster.values()], meeting);
      setLines(read);
      if (read === null) setMessage(roomText("file.no_table"));
    } catch (fault) {
      if (!(fault instanceof UnreadableFile)) throw fault;
      setMessage(roomText(fault.message));
    }
  }

  const statedTime = statedInstant(meeting, time, desk.nowMs);
  const single = (lines ?? []).filter(({ people }) => people.length === 1);
  const isHere = (/** @type {CountedLine} */ { people }) => desk.hall.of.get(people[0].person)?.standing === "present";
  const fresh = single.filter((line) => !isHere(line));
  const isPast = (/** @type {string | null} */ instant) => instant === null || Date.parse(instant) <= desk.nowMs;
  const timed = fresh.filter((line) => (line.cameAt ?? statedTime) && isPast(line.cameAt) && isPast(line.leftAt));
  const ahead = fresh.filter((line) => !isPast(line.cameAt) || !isPast(line.leftAt));
  const others = (lines ?? []).filter(({ people }) => people.length !== 1);

  async function record() {
    const drafts = timed.flatMap(({ people: [{ person }], cameAt, leftAt }) => {
      const body = { mode: "in_person", happened_at: cameAt ?? statedTime };
      const arrival = { kind: "check_in", person, source: "import", body };
      const leaving = { kind: "check_out", person, source: "import", body: { happened_at: leftAt } };
      return leftAt ? [arrival, leaving] : [arrival];
    });
    const stored = await desk.recordAll(drafts.map((draft) => [draft]), roomText("file.label"));
    if (stored.length < drafts.length) return;
    const left = fresh.filter((line) => !timed.includes(line));
    setLines(left.length > 0 ? left : null); // people without an hour stay until one is given
    setMessage(roomText("file.done", { n: timed.length }));
  }

  return html`<p class="muted">${roomText("file.why")}</p>
    <label>${roomText("file.choose")} <input type="file" accept=".csv,.txt,.xlsx" onChange=${choose} /></label>
    ${message && html`<p role="status">${message}</p>`}
    ${lines &&
    html`<p role="status">${roomText("file.read", { n: fresh.length, here: single.length - fresh.length, others: others.length })}</p>
      ${fresh.some((line) => !line.cameAt) &&
      html`<label>${roomText("file.time")} <input type="time" value=${time} onInput=${(/** @type {any} */ event) => setTime(event.target.value)} /></label>`}
      <ul class="entries">
        ${fresh.map(({ people, cameAt, leftAt }) => html`<li><b>${people[0].name}</b> · ${cameAt ? timeOf(cameAt) : statedTime ? timeOf(statedTime) : "–"}${leftAt ? ` – ${timeOf(leftAt)}` : ""}</li>`)}
      </ul>
      ${ahead.length > 0 && html`<p class="fault" role="alert">${roomText("file.ahead", { n: ahead.length })}</p>`}
      ${others.length > 0 &&
      html`<details>
        <summary>${roomText("file.others", { n: others.length })}</summary>
        <ul class="entries">${others.map(({ text, people }) => html`<li>${text}${people.length > 1 && ` · ${roomText("file.several", { n: people.length })}`}</li>`)}</ul>
      </details>`}
      ${timed.length > 0 && html`<button class="main" onClick=${record}>${roomText("file.record", { n: timed.length })}</button>`}`}`;
}
