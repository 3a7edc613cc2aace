/**
 * The desk: what an unlocked kiosk has before it, kept in memory and on the disk alike. It makes
 * records, takes in what the line brings, and tells whoever shows it.
 */

import { chooseMeeting } from "./meetings.js";
import { recordOf } from "./mint.js";
import { hallOf, undoable } from "./standing.js";
import {
  addRecord,
  countFates,
  getMeta,
  getSealed,
  ownRecords,
  putSealed,
  sealedNames,
  setMeta,
} from "./store.js";
import { seal, unseal } from "./vault.js";

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").Meeting} Meeting
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {import("./mint.js").Draft} Draft
 * @typedef {{enrolment: import("./types.js").Enrolment, key: CryptoKey, clerk: string}} Opened
 */

export class Desk {
  /** @type {Meeting[]} */
  meetings = [];
  /** @type {Meeting | null} */
  meeting = null;
  /** @type {Map<string, RosterLine>} */
  roster = new Map();
  /** @type {Record<string, string>} unit names by code */
  units = {};
  /** @type {OwnRecord[]} */
  own = [];
  fates = { unsent: 0, refused: 0, held: 0, details: 0 };
  isRead = false;
  /** @type {string | null} */
  lastSentAt = null;
  /** @type {import("./sync.js").Outcome | null} */
  outcome = null;
  isSending = false;
  fault = "";
  last = { label: "", ids: /** @type {string[]} */ ([]) };
  /** @type {Map<string, any>} what details say, as far as this vault holds it, by sha256 */
  told = new Map();
  /** @type {Map<string, string>} names of those whom no roster has, by code */
  names = new Map();
  /** @type {import("./types.js").StreamRecord[]} */
  #stream = [];
  /** @type {Map<string, import("./types.js").StreamRecord[]>} */
  #pages = new Map();
  #rosterRev = "";
  #isOnDuty = false;
  #listeners = new Set(/** @type {(() => void)[]} */ ([]));
  #others = new BroadcastChannel("diemcau-kiosk");

  /**
   * @param {import("./store.js").Database} db @param {() => import("./clock.js").Reading} clock
   * @param {Opened} opened @param {() => void} send asks for a round of sync
   */
  constructor(db, clock, { enrolment, key, clerk }, send) {
    this.db = db;
    this.clock = clock;
    this.enrolment = enrolment;
    this.key = key;
    this.clerk = clerk;
    this.hall = hallOf(enrolment.point, [], []);
    this.send = send;
    this.#others.onmessage = () => void this.reload();
  }

  /** Who reads what the line brings. @returns {import("./sync.js").Reader} */
  get reader() {
    return { device: this.enrolment.device, key: this.key, meeting: this.meeting?.id ?? null };
  }

  close() {
    this.#listeners.clear();
    this.#others.close();
  }

  /** @param {() => void} listener @returns {() => void} ends it */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** As whom this desk writes. */
  get writer() {
    const { person, profile, point } = this.enrolment;
    return { by: person ?? profile, point };
  }

  get isChair() {
    return this.enrolment.profile === "chair";
  }

  /** Everything anew from the disk. */
  async reload() {
    this.meetings = (await this.#unsealed("meetings")) ?? [];
    const id = chooseMeeting(this.meetings, await getMeta(this.db, "choice"), Date.now());
    if (id !== this.meeting?.id) this.#pages.clear();
    this.meeting = this.meetings.find((each) => each.id === id) ?? null;
    this.lastSentAt = (await getMeta(this.db, "lastSentAt")) ?? null;
    this.fates = await countFates(this.db);
    if (id) {
      const own = await ownRecords(this.db, id);
      this.own = own.filter((each) => each.record.point === this.enrolment.point);
      this.#stream = await this.#readStream(id);
      for (const name of await sealedNames(this.db, this.enrolment.device, `told/${id}/`)) {
        const sha256 = name.slice(name.lastIndexOf("/") + 1);
        if (!this.told.has(sha256)) this.told.set(sha256, await this.#unsealed(name));
      }
      await this.#readRoster(id);
    } else [this.own, this.#stream, this.roster] = [[], [], new Map()];
    this.isRead = true;
    this.#judge();
  }

  /** @param {string} id of the meeting that the clerk chooses */
  async choose(id) {
    await setMeta(this.db, "choice", { id, chosenMs: Date.now() });
    await this.reload();
    this.send();
  }

  /**
   * Store first, show afterwards: what the screen says is on the disk. What is `personal` goes
   * into a sealed detail that the body names. Where the disk refuses, nothing is said to be
   * recorded: what was is returned, and `fault` tells why no more.
   * @param {[draft: Draft, personal?: unknown][]} drafts made together, undone together
   * @param {string} [label] what the undo button calls them @returns {Promise<OwnRecord[]>}
   */
  async recordAll(drafts, label = "") {
    const { meeting } = this;
    /** @type {OwnRecord[]} */
    const made = [];
    if (!meeting) return made;
    this.fault = "";
    try {
      await this.#noteShift(meeting.id);
      for (const [draft, personal] of drafts) made.push(await this.#store(meeting.id, draft, personal));
    } catch (fault) {
      const isFull = /** @type {Error} */ (fault).name === "QuotaExceededError";
      this.fault = isFull ? "store.full" : "store.failed";
    }
    this.own = [...this.own, ...made];
    this.fates = { ...this.fates, unsent: this.fates.unsent + made.length };
    this.last = { label, ids: made.map((own) => own.id) };
    this.#judge();
    this.#others.postMessage("changed");
    this.send();
    return made;
  }

  /** @param {Draft} draft @param {unknown} [personal] @param {string} [label] @returns {Promise<OwnRecord | null>} */
  async record(draft, personal, label) {
    return (await this.recordAll([[draft, personal]], label))[0] ?? null;
  }

  /** Where another clerk had the desk before, a record of its own says who has it from here on.
   * @param {string} meeting */
  async #noteShift(meeting) {
    if (this.#isOnDuty) return;
    const key = `clerk/${this.enrolment.device}`;
    const before = await getMeta(this.db, key);
    if (before && before !== this.clerk) {
      const draft = { kind: "shift", source: "search", body: {} };
      this.own = [...this.own, await this.#store(meeting, draft, { name: this.clerk, before })];
      this.fates = { ...this.fates, unsent: this.fates.unsent + 1 };
    }
    await setMeta(this.db, key, this.clerk);
    this.#isOnDuty = true;
  }

  /** @param {string} meeting @param {Draft} draft @param {unknown} personal */
  async #store(meeting, draft, personal) {
    const now = this.clock();
    const detail = personal === undefined ? null : await this.#detail(personal);
    if (detail) await this.remember(detail.sha256, personal);
    const told = detail ? { ...draft, body: { ...draft.body, detail: detail.sha256 } } : draft;
    const record = recordOf(this.enrolment, meeting, now, told);
    return addRecord(this.db, this.enrolment.device, { record, clerk: this.clerk, detail });
  }

  /** Take the effect of records away. @param {LedgerRecord[]} targets */
  async undo(targets) {
    await this.recordAll(
      targets.map(({ id, person }) => [
        { kind: "void", ...(person ? { person } : {}), refs: [id], source: "search", body: {} },
      ]),
    );
    this.last = { label: "", ids: [] };
    this.tell();
  }

  /** What this desk may take back. @param {(record: LedgerRecord) => boolean} isMeant */
  undoable(isMeant) {
    return undoable(this.hall.records, this.writer, isMeant);
  }

  /** A person's name: of the roster, of whom was taken in here, else the code.
   * @param {string | null | undefined} person */
  nameOf(person) {
    return this.roster.get(person ?? "")?.name ?? this.names.get(person ?? "") ?? person ?? "";
  }

  /** Keep what a detail says under the PIN, but for pictures. @param {string} sha256 @param {any} personal */
  async remember(sha256, personal) {
    const { scan, ...words } = personal;
    const kept = scan ? { ...words, hasScan: true } : words;
    this.told.set(sha256, kept);
    const name = `told/${this.meeting?.id}/${sha256}`;
    await putSealed(this.db, this.enrolment.device, name, await seal(this.key, kept));
  }

  /** @param {string} name @returns {Promise<any>} */
  async #unsealed(name) {
    const sealed = await getSealed(this.db, this.enrolment.device, name);
    return sealed && unseal(this.key, sealed);
  }

  /** The roster, opened anew when it is another. @param {string} meeting */
  async #readRoster(meeting) {
    const rev = `${meeting} ${await getMeta(this.db, `rev/${this.enrolment.device}/${meeting}`)}`;
    if (rev === this.#rosterRev) return;
    const roster = await this.#unsealed(`roster/${meeting}`);
    this.#rosterRev = rev;
    this.roster = new Map((roster?.people ?? []).map((/** @type {RosterLine} */ line) => [line.person, line]));
    this.units = roster?.units ?? {};
  }

  /** The pages of the stream, each opened once. @param {string} meeting */
  async #readStream(meeting) {
    const names = await sealedNames(this.db, this.enrolment.device, `stream/${meeting}/`);
    for (const known of this.#pages.keys()) if (!names.includes(known)) this.#pages.delete(known);
    for (const name of names) {
      if (!this.#pages.has(name)) this.#pages.set(name, (await this.#unsealed(name)) ?? []);
    }
    return [...this.#pages.values()].flat();
  }

  /** @param {unknown} personal */
  async #detail(personal) {
    const { detailOf } = await import("./seal.js");
    return detailOf(this.enrolment.seal_key, personal);
  }

  #judge() {
    this.hall = hallOf(this.enrolment.point, this.own, this.#stream);
    for (const { person, body } of this.told.size > 0 ? this.hall.records : []) {
      const name = person && this.told.get(body.detail)?.name;
      if (name) this.names.set(person, name);
    }
    this.tell();
  }

  tell() {
    for (const listener of this.#listeners) listener();
  }

  /** A round of sync begins. */
  began() {
    this.isSending = true;
    this.tell();
  }

  /** A round of sync is over. @param {import("./sync.js").Outcome} outcome */
  async synced(outcome) {
    const before = this.meeting?.id;
    this.outcome = outcome;
    this.isSending = false;
    await this.reload();
    if (this.meeting?.id !== before) this.send();
    this.#others.postMessage("changed");
  }
}
