/** Shows the queue room: every record made on this device, its fate, and the remedy if it was held
 * or refused. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { exportQueue, importReceipt } from "../device/queue-file.js";
import { sayCode, timeOf } from "../words/messages.js";
import { listAllRecords } from "../device/store.js";
import { nameOfCode, roomText } from "../words/room-messages.js";

/**
 * @typedef {import("./desk.js").Desk} Desk
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 */

const SIGNS = { queued: "○", sending: "◌", stored: "●", held: "◇", refused: "✕", released: "●", dismissed: "✕" };
const PAGE = 100;

/** Show the records made on this device, which can be filtered by fate, and buttons that send them
 * or save them as a file.
 * @param {import("./desk-view.js").ViewProps} props */
export function View({ desk }) {
  const [queue, setQueue] = useState(/** @type {DeviceRecord[] | null} */ (null));
  const [fate, setFate] = useState("");
  const [limit, setLimit] = useState(PAGE);
  const [message, setMessage] = useState("");

  useEffect(() => {
    const read = () => void listAllRecords(desk.db).then((deviceRecords) => setQueue(deviceRecords.sort((a, b) => (a.record.at < b.record.at ? 1 : -1))));
    read();
    return desk.listen(read);
  }, [desk]);

  async function handOver() {
    setMessage(await exportQueue(desk).catch(() => roomText("handover.failed")));
  }

  async function receive(/** @type {any} */ event) {
    const [file] = event.target.files;
    if (!file) return;
    const imported = file.text().then((/** @type {string} */ text) => importReceipt(desk, text));
    setMessage(await imported.catch(() => roomText("receipt.failed")));
    event.target.value = "";
    await desk.reload();
  }

  if (!queue) return null;
  const visibleRecords = queue.filter((deviceRecord) => !fate || fateOf(deviceRecord, desk) === fate);
  const { unsent, details } = desk.fates;
  return html`<h2>${roomText("queue.title")}</h2>
    <p>${roomText(details > 0 ? "queue.papers" : unsent > 0 ? "queue.some" : "queue.none", { n: unsent, details })}</p>
    <p class="tools">
      <button class="main" onClick=${() => desk.send()}>${roomText("queue.send")}</button>
      <button onClick=${handOver}>${roomText("queue.export")}</button>
      <label class="button">${roomText("queue.receipt")}<input type="file" class="hidden" accept=".diemcau,.json,.txt" onChange=${receive} /></label>
    </p>
    ${message && html`<p class="notice" role="status">${message}</p>`}
    <p class="muted">${roomText("queue.about")}</p>
    <label class="which">
      ${roomText("queue.filter")}
      <select value=${fate} onChange=${(/** @type {any} */ event) => setFate(event.target.value)}>
        <option value="">${roomText("queue.all", { n: queue.length })}</option>
        ${Object.keys(SIGNS).map((fateName) => html`<option value=${fateName}>${nameOfCode("fate", fateName)}</option>`)}
      </select>
    </label>
    <ol class="records">
      ${visibleRecords.slice(0, limit).map((deviceRecord) => html`<${Line} key=${deviceRecord.id} desk=${desk} deviceRecord=${deviceRecord} />`)}
    </ol>
    ${visibleRecords.length === 0 && html`<p class="empty">${roomText("queue.empty")}</p>`}
    ${visibleRecords.length > limit && html`<button onClick=${() => setLimit(limit + PAGE)}>${roomText("queue.more", { n: visibleRecords.length - limit })}</button>`}`;
}

/** Show one record with its fate and, if it was held or refused, the remedy.
 * @param {{desk: Desk, deviceRecord: DeviceRecord}} props */
function Line({ desk, deviceRecord }) {
  const fate = fateOf(deviceRecord, desk);
  const { record } = deviceRecord;
  const personName = desk.nameOf(record.person) || desk.detailContents.get(record.body.detail)?.name;
  const flags = (desk.hall.all.flags[record.id] ?? []).map((flag) => nameOfCode("flag", flag)).join(" · ");
  return html`<li class=${fate}>
    <span class="when">${timeOf(desk.hall.atMsOf(record))}</span>
    <span><b>${nameOfCode("kind", record.kind)}</b>${personName ? ` · ${personName}` : ""}
      <span class="muted"> · ${desk.clerkName(deviceRecord.clerk)} · ${deviceRecord.device} ${deviceRecord.seq}</span></span>
    <span class="fate">${SIGNS[fate]} ${nameOfCode("fate", fate)}</span>
    ${(fate === "held" || fate === "refused") &&
    html`<span class="remedy">${deviceRecord.code ? sayCode(deviceRecord.code) : ""} ${roomText(`remedy.${fate}`)}</span>`}
    ${flags && html`<span class="remedy">${flags}</span>`}
  </li>`;
}

/** Return the fate to show for a record. A queued record is shown as `sending` while the kiosk is
 * sending.
 * @param {DeviceRecord} deviceRecord @param {Desk} desk
 * @returns {keyof typeof SIGNS} */
function fateOf(deviceRecord, desk) {
  return deviceRecord.fate === "queued" && desk.isSending && desk.outcome?.state !== "offline" ? "sending" : deviceRecord.fate;
}
