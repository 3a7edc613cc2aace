/**
 * The road without a line: the queue as one file, signed by each device and sealed to headquarters,
 * that anyone may carry; and headquarters' receipt, which alone clears what the file held.
 */

import { dayOf } from "./instants.js";
import { timeOf } from "./say.js";
import { allRecords, detailsSent, enrolments, queued, takeVerdicts, unsentDetails } from "./store.js";
import { tell } from "./tell.js";

/** @typedef {import("./desk.js").Desk} Desk */

const EVERYTHING = 1_000_000;
const LARGEST_LETTERS = 30_000_000; // of details in one file: twice wrapped it stays below what the office takes

/** @param {Desk} desk @returns {Promise<string>} what to tell the clerk */
export async function exportQueue(desk) {
  const { sealTo, sign } = await import("./seal.js");
  const boxes = [];
  let count = 0;
  let room = LARGEST_LETTERS;
  let left = 0;
  for (const enrolment of await enrolments(desk.db)) {
    const { device } = enrolment;
    const waiting = await queued(desk.db, device, EVERYTHING);
    const all = await unsentDetails(desk.db, device);
    const details = all.filter(({ box }) => box.length <= room && (room -= box.length) >= 0);
    left += all.length - details.length;
    if (waiting.length + details.length === 0) continue;
    const parcel = {
      device,
      made_at: new Date().toISOString(),
      records: waiting.map((own) => JSON.stringify(own.record)),
      details: Object.fromEntries(details.map((each) => [each.sha256, each.box])),
    };
    const signed = await sign(enrolment.key.privateKey, device, parcel);
    boxes.push(await sealTo(enrolment.seal_key, new TextEncoder().encode(signed)));
    count += waiting.length;
  }
  if (boxes.length === 0) return tell("handover.nothing");
  const now = Date.now();
  const name = `hang-doi-${desk.enrolment.point}-${dayOf(now)}-${timeOf(now).replace(":", "")}.diemcau`;
  download(name, JSON.stringify({ diemcau: "queue", v: 1, boxes }));
  return tell(left > 0 ? "handover.part" : "handover.made", { n: count, name, left });
}

/** @param {Desk} desk @param {string} text of a receipt @returns {Promise<string>} what to tell the clerk */
export async function takeReceipt(desk, text) {
  /** @type {string[]} */
  let receipts;
  try {
    const told = JSON.parse(text);
    if (told.diemcau !== "receipt" || !Array.isArray(told.receipts)) throw new SyntaxError();
    receipts = told.receipts;
  } catch {
    return tell("receipt.unreadable");
  }
  const { sha256Of, verified } = await import("./seal.js");
  const all = await enrolments(desk.db);
  const own = new Map((await allRecords(desk.db)).map((each) => [each.id, each]));
  let told = 0;
  let others = 0;
  for (const signed of receipts) {
    const receipt = await verified(desk.enrolment.sign_key, signed);
    if (!receipt) return tell("receipt.forged");
    if (!all.some((each) => each.device === receipt.device)) {
      others += 1;
      continue;
    }
    const verdicts = new Map();
    for (const line of receipt.records) {
      const known = own.get(line.id);
      const isSame = known?.device === receipt.device && (await sha256Of(JSON.stringify(known?.record))) === line.sha256;
      if (isSame) verdicts.set(line.id, { ...line, flags: [] });
    }
    told += await takeVerdicts(desk.db, verdicts);
    await detailsSent(desk.db, receipt.details);
  }
  if (told === 0 && others > 0) return tell("receipt.other");
  return tell("receipt.taken", { n: told });
}

/** @param {string} name @param {string} text */
function download(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
