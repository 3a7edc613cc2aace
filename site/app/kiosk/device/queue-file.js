/**
 * Hands over the queue without a network, as one file. The file is signed by the device and
 * encrypted for headquarters, so that anyone may carry it. The records stay queued until a receipt
 * or a round of sync settles them.
 */

import { dayOf } from "../words/instants.js";
import { timeOf } from "../words/messages.js";
import { highestNumber, listAllRecords, listEnrolments, listQueuedRecords, markDetailsSent, storeVerdicts, listUnsentDetails } from "./store.js";
import { roomText } from "../words/room-messages.js";

/** @typedef {import("../desk/desk.js").Desk} Desk */

const NO_LIMIT = 1_000_000;
// Limit for details in one file: signed and encrypted, the file stays below the office's upload limit.
const MAX_DETAIL_LETTERS = 30_000_000;

/** Download the queued records and unsent details of every enrolment as one file. Details that
 * exceed the limit are left out and counted in the message.
 * @param {Desk} desk
 * @returns {Promise<string>} a message for the clerk */
export async function exportQueue(desk) {
  const { sealTo, sign } = await import("../sync/seal.js");
  const boxes = [];
  let recordCount = 0;
  let lettersLeft = MAX_DETAIL_LETTERS;
  let omittedCount = 0;
  for (const enrolment of await listEnrolments(desk.db)) {
    const { device } = enrolment;
    const queuedRecords = await listQueuedRecords(desk.db, device, NO_LIMIT);
    const pendingDetails = await listUnsentDetails(desk.db, device);
    const details = pendingDetails.filter(({ box }) => box.length <= lettersLeft && (lettersLeft -= box.length) >= 0);
    omittedCount += pendingDetails.length - details.length;
    if (queuedRecords.length + details.length === 0) continue;
    const parcel = {
      device,
      made_at: new Date().toISOString(),
      records: queuedRecords.map((deviceRecord) => JSON.stringify(deviceRecord.record)),
      details: Object.fromEntries(details.map((detail) => [detail.sha256, detail.box])),
      highest: await highestNumber(desk.db, device),
    };
    const signedParcel = await sign(enrolment.key.privateKey, device, parcel);
    boxes.push(await sealTo(enrolment.seal_key, new TextEncoder().encode(signedParcel)));
    recordCount += queuedRecords.length;
  }
  if (boxes.length === 0) return roomText("handover.nothing");
  const now = Date.now();
  const name = `hang-doi-${desk.enrolment.point}-${dayOf(now)}-${timeOf(now).replace(":", "")}.diemcau`;
  download(name, JSON.stringify({ diemcau: "queue", v: 1, boxes }));
  return roomText(omittedCount > 0 ? "handover.part" : "handover.made", { n: recordCount, name, left: omittedCount });
}

/** Check the signatures in a receipt file from headquarters, store its verdicts on records, and
 * mark the details that it confirms. Records that headquarters lacks again are queued. Receipts for other devices are skipped.
 * @param {Desk} desk @param {string} text of the receipt file
 * @returns {Promise<string>} a message for the clerk */
export async function importReceipt(desk, text) {
  /** @type {string[]} */
  let receipts;
  try {
    const parsed = JSON.parse(text);
    if (parsed.diemcau !== "receipt" || !Array.isArray(parsed.receipts)) throw new SyntaxError();
    receipts = parsed.receipts;
  } catch {
    return roomText("receipt.unreadable");
  }
  const { sha256Of, verified } = await import("../sync/seal.js");
  const deviceEnrolments = await listEnrolments(desk.db);
  const recordsById = new Map((await listAllRecords(desk.db)).map((deviceRecord) => [deviceRecord.id, deviceRecord]));
  let settledCount = 0;
  let foreignCount = 0;
  let forgedCount = 0;
  for (const signedReceipt of receipts) {
    const receipt = await verified(desk.enrolment.sign_key, signedReceipt);
    if (!receipt) {
      forgedCount += 1; // or signed with another of headquarters' keys, present or former
      continue;
    }
    if (!deviceEnrolments.some((enrolment) => enrolment.device === receipt.device)) {
      foreignCount += 1;
      continue;
    }
    const verdicts = new Map();
    for (const line of receipt.records) {
      const deviceRecord = recordsById.get(line.id);
      const isSame = deviceRecord?.device === receipt.device && (await sha256Of(JSON.stringify(deviceRecord?.record))) === line.sha256;
      if (isSame) verdicts.set(line.id, line);
    }
    settledCount += await storeVerdicts(desk.db, receipt.device, receipt.want, verdicts);
    await markDetailsSent(desk.db, receipt.details);
  }
  if (forgedCount === receipts.length) return roomText("receipt.forged");
  if (settledCount === 0 && foreignCount > 0) return roomText("receipt.other");
  return roomText("receipt.taken", { n: settledCount });
}

/** Make the browser download a text as a file with this name.
 * @param {string} name @param {string} text */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
