/** The honest queue: every record that was made here, with its fate and what to do about it. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { exportQueue, takeReceipt } from "./handover.js";
import { sayCode, timeOf } from "./say.js";
import { allRecords } from "./store.js";
import { nameOfCode, tell } from "./tell.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 */

const SIGNS = { queued: "○", sending: "◌", stored: "●", held: "◇", refused: "✕", released: "●", dismissed: "✕" };
const PAGE = 100;

/** @param {import("./desk-view.js").ViewProps} props */
export function View({ desk }) {
  const [all, setAll] = useState(/** @type {OwnRecord[] | null} */ (null));
  const [fate, setFate] = useState("");
  const [most, setMost] = useState(PAGE);
  const [said, setSaid] = useState("");

  useEffect(() => {
    const read = () => void allRecords(desk.db).then((found) => setAll(found.sort((a, b) => (a.record.at < b.record.at ? 1 : -1))));
    read();
    return desk.listen(read);
  }, [desk]);

  async function handOver() {
    setSaid(await exportQueue(desk).catch(() => tell("handover.failed")));
  }

  async function receive(/** @type {any} */ event) {
    const [file] = event.target.files;
    if (!file) return;
    const read = file.text().then((/** @type {string} */ text) => takeReceipt(desk, text));
    setSaid(await read.catch(() => tell("receipt.failed")));
    event.target.value = "";
    await desk.reload();
  }

  if (!all) return null;
  const shown = all.filter((own) => !fate || fateOf(own, desk) === fate);
  const { unsent, details } = desk.fates;
  return html`<h2>${tell("queue.title")}</h2>
    <p>${tell(details > 0 ? "queue.papers" : unsent > 0 ? "queue.some" : "queue.none", { n: unsent, details })}</p>
    <p class="tools">
      <button class="main" onClick=${() => desk.send()}>${tell("queue.send")}</button>
      <button onClick=${handOver}>${tell("queue.export")}</button>
      <label class="button">${tell("queue.receipt")}<input type="file" class="hidden" accept=".diemcau,.json,.txt" onChange=${receive} /></label>
    </p>
    ${said && html`<p class="notice" role="status">${said}</p>`}
    <p class="muted">${tell("queue.about")}</p>
    <label class="which">
      ${tell("queue.filter")}
      <select value=${fate} onChange=${(/** @type {any} */ event) => setFate(event.target.value)}>
        <option value="">${tell("queue.all", { n: all.length })}</option>
        ${Object.keys(SIGNS).map((each) => html`<option value=${each}>${nameOfCode("fate", each)}</option>`)}
      </select>
    </label>
    <ol class="records">
      ${shown.slice(0, most).map((own) => html`<${Line} key=${own.id} desk=${desk} own=${own} />`)}
    </ol>
    ${shown.length === 0 && html`<p class="empty">${tell("queue.empty")}</p>`}
    ${shown.length > most && html`<button onClick=${() => setMost(most + PAGE)}>${tell("queue.more", { n: shown.length - most })}</button>`}`;
}

/** @param {{desk: Desk, own: OwnRecord}} props */
function Line({ desk, own }) {
  const fate = fateOf(own, desk);
  const { record } = own;
  const who = desk.nameOf(record.person) || desk.told.get(record.body.detail)?.name;
  const flags = own.flags.map((flag) => nameOfCode("flag", flag)).join(" · ");
  return html`<li class=${fate}>
    <span class="when">${timeOf(record.at)}</span>
    <span><b>${nameOfCode("kind", record.kind)}</b>${who ? ` · ${who}` : ""}
      <span class="muted"> · ${own.clerk} · ${own.device} ${own.seq}</span></span>
    <span class="fate">${SIGNS[fate]} ${nameOfCode("fate", fate)}</span>
    ${(fate === "held" || fate === "refused") &&
    html`<span class="remedy">${own.code ? sayCode(own.code) : ""} ${tell(`remedy.${fate}`)}</span>`}
    ${flags && html`<span class="remedy">${flags}</span>`}
  </li>`;
}

/** What becomes of it; what waits while a round runs is being sent. @param {OwnRecord} own @param {Desk} desk
 * @returns {keyof typeof SIGNS} */
function fateOf(own, desk) {
  return own.fate === "queued" && desk.isSending && desk.outcome?.state !== "offline" ? "sending" : own.fate;
}
