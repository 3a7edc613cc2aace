/**
 * The desk: the state of an unlocked kiosk, the same in memory and on the disk. It makes records,
 * reads what a round of sync has stored, and notifies the page.
 */

import { Drawer, EMPTY_ROSTER_INDEX } from "./drawer.js";
import { chooseMeeting } from "./choose-meeting.js";
import { prepareRecord } from "../sync/new-record.js";
import { hallOf, undoable } from "./hall-standing.js";
import { addRecord, countFates, getMeta, getSealed, listMeetingRecords, putEnrolment, setMeta } from "../device/store.js";

/**
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 * @typedef {import("../types.js").Meeting} Meeting
 * @typedef {import("../types.js").RosterLine} RosterLine
 * @typedef {import("../types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../sync/new-record.js").Draft} Draft
 * @typedef {{enrolment: import("../types.js").Enrolment, key: CryptoKey, clerk: string}} UnlockedVault
 */

/** Window event after every record: it shows that somebody is at work. */
export const RECORDED_EVENT = "diemcau-worked";

const CLOCK_IS_WRONG_MS = 3_600_000;

/** Message keys by the error's name; for all other errors it is `store.failed`.
 * @type {Record<string, string>} */
const FAULT_KEYS = { QuotaExceededError: "store.full", NotSupportedError: "store.no_seal" };

/** The desk of one unlocked enrolment. Listeners are called after every change. */
export class Desk {
  /** @type {Meeting[]} */
  meetings = [];
  /** @type {Meeting | null} */
  meeting = null;
  /** @type {Map<string, RosterLine>} */
  roster = new Map();
  /** @type {Record<string, string>} unit names by code */
  units = {};
  /** The meeting's records that were made on this device, at this point. @type {DeviceRecord[]} */
  deviceRecords = [];
  fates = { unsent: 0, refused: 0, held: 0, details: 0 };
  /** How far the server's clock is ahead of this device's, in milliseconds. */
  skewMs = 0;
  isRead = false;
  /** @type {string | null} */
  lastSentAt = null;
  /** @type {import("../sync/sync.js").Outcome | null} */
  outcome = null;
  isSending = false;
  /** Why the last record could not be stored; empty if it was. */
  fault = "";
  /** Whether the browser has deleted the database, so that what is unsent may be all there is. */
  wasDatabaseLost = false;
  lastAction = { label: "", ids: /** @type {string[]} */ ([]) };
  /** @type {Map<string, any>} contents of the details that this vault holds, by sha256 */
  detailContents = new Map();
  /** @type {Map<string, string>} names of people on no roster, by code */
  unlistedNames = new Map();
  /** @type {import("../types.js").StreamRecord[]} */
  #stream = [];
  #highestSeq = 0;
  /** Copies of the sealed values without which the desk cannot go on, by name.
   * @type {Map<string, import("../device/vault.js").Sealed>} */
  #sealedCopies = new Map();
  #reloadRequests = 0;
  /** @type {Promise<void> | null} */
  #reloading = null;
  /** @type {string | null} of the chosen meeting */
  #meetingId = null;
  #isClosed = false;
  /** @type {Promise<void> | null} */
  #shiftNote = null;
  #listeners = new Set(/** @type {(() => void)[]} */ ([]));
  #otherTabs = new BroadcastChannel("diemcau-kiosk");

  /**
   * @param {import("../device/store.js").Database} db @param {() => import("../device/clock.js").ClockReading} clock
   * @param {UnlockedVault} unlockedVault @param {() => void} send requests a round of sync
   */
  constructor(db, clock, { enrolment, key, clerk }, send) {
    this.db = db;
    this.clock = clock;
    this.enrolment = enrolment;
    this.key = key;
    this.clerk = clerk;
    this.drawer = new Drawer(db, enrolment.device, key);
    this.hall = hallOf(enrolment.point, [], []);
    this.send = send;
    this.#otherTabs.onmessage = () => void this.reload();
    db.onLost = (handle) => this.#writeAgain(handle);
  }

  /** The time by the server's clock as far as it is known, in milliseconds. */
  get nowMs() {
    return Date.now() + this.skewMs;
  }

  /** Store again what is still in memory, after the browser has deleted the database in use.
   * @param {import("idb").IDBPDatabase<any>} handle */
  async #writeAgain(handle) {
    const { device } = this.enrolment;
    const tx = handle.transaction(["enrolments", "meta", "records", "sealed"], "readwrite", { durability: "strict" });
    void tx.objectStore("enrolments").put(this.enrolment);
    void tx.objectStore("meta").put(this.#highestSeq, `seq/${device}`);
    void tx.objectStore("meta").put(this.clerk, `clerk/${device}`);
    for (const deviceRecord of this.deviceRecords) void tx.objectStore("records").put(deviceRecord);
    for (const [name, value] of this.#sealedCopies) void tx.objectStore("sealed").put(value, [device, name]);
    await tx.done;
    this.wasDatabaseLost = true;
  }

  /** The reader that a round of sync fetches records for. @returns {import("../sync/sync.js").Reader} */
  get reader() {
    return { device: this.enrolment.device, key: this.key, meeting: this.meeting?.id ?? null };
  }

  close() {
    this.#isClosed = true;
    this.db.onLost = async () => {}; // a locked desk keeps nothing that it could write again
    this.#listeners.clear();
    this.#otherTabs.close();
  }

  /** Call the listener after every change.
   * @param {() => void} listener @returns {() => void} stops the calls */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The writer of this desk's records: a role or a person's code, and the point. */
  get writer() {
    const { person, profile, point } = this.enrolment;
    return { by: person ?? profile, point };
  }

  get isChair() {
    return this.enrolment.profile === "chair";
  }

  /** Read everything again from the disk. Calls during a run share one more read. */
  reload() {
    this.#reloadRequests += 1;
    this.#reloading ??= this.#readUntilCurrent();
    return this.#reloading;
  }

  async #readUntilCurrent() {
    try {
      for (let served = -1; served !== this.#reloadRequests; ) {
        served = this.#reloadRequests;
        await this.#readAll();
      }
    } finally {
      this.#reloading = null; // at once, so that the next call starts a new read
    }
  }

  async #readAll() {
    const meetings = await this.drawer.readMeetings();
    this.skewMs = (await getMeta(this.db, "skewMs")) ?? 0;
    this.#highestSeq = Math.max(this.#highestSeq, (await getMeta(this.db, `seq/${this.enrolment.device}`)) ?? 0);
    // A chosen meeting stays until the clerk chooses another: passing time changes nothing.
    this.#meetingId ??= chooseMeeting(meetings, await getMeta(this.db, "choice"), this.nowMs);
    const id = this.#meetingId;
    const lastSentAt = (await getMeta(this.db, "lastSentAt")) ?? null;
    const rosterIndex = id ? await this.drawer.readRosterIndex(id) : EMPTY_ROSTER_INDEX;
    for (const name of ["token", "meetings", `roster/${id}`]) {
      const value = await getSealed(this.db, this.enrolment.device, name);
      if (value) this.#sealedCopies.set(name, value);
    }
    const stream = id ? await this.drawer.readStream(id) : [];
    const detailContents = id ? await this.drawer.readDetailContents(id) : new Map();
    const fates = await countFates(this.db);
    // Read last, so that records made during the other reads are in it.
    const storedRecords = id ? await listMeetingRecords(this.db, id) : [];
    if (id !== this.#meetingId) return; // another meeting was chosen; the next pass reads it
    Object.assign(this, { meetings, lastSentAt, fates, detailContents, ...rosterIndex });
    this.meeting = this.meetings.find((meeting) => meeting.id === id) ?? null;
    this.deviceRecords = storedRecords.filter((deviceRecord) => deviceRecord.record.point === this.enrolment.point);
    this.#stream = stream;
    this.isRead = true;
    this.#updateHall();
  }

  /** Switch to another meeting and store the choice.
   * @param {string} id of the meeting that the clerk chooses */
  async switchMeeting(id) {
    await setMeta(this.db, "choice", { id, chosenMs: this.nowMs });
    this.#meetingId = id;
    this.lastAction = { label: "", ids: [] };
    await this.reload();
    this.send();
  }

  /**
   * Store drafts as records, then show them: what the screen says is on the disk. `personal`
   * content goes into a sealed detail that the body names. If storing fails, `fault` says why,
   * and only the records stored until then are returned.
   * @param {[draft: Draft, personal?: unknown][]} drafts recorded together, undone together
   * @param {string} [label] their name on the undo button @returns {Promise<DeviceRecord[]>}
   */
  async recordAll(drafts, label = "") {
    const { meeting } = this;
    /** @type {DeviceRecord[]} */
    const storedRecords = [];
    if (!meeting) return storedRecords;
    this.fault = "";
    try {
      this.#shiftNote ??= this.#recordShift(meeting.id).catch(() => {
        this.#shiftNote = null; // the next record tries again; this one must not wait
      });
      await this.#shiftNote;
      for (const [draft, personal] of drafts) storedRecords.push(await this.#storeRecord(meeting.id, draft, personal));
    } catch (fault) {
      this.fault = FAULT_KEYS[/** @type {Error} */ (fault).name] ?? "store.failed";
    }
    this.#addRecords(storedRecords);
    this.lastAction = { label, ids: storedRecords.map((deviceRecord) => deviceRecord.id) };
    this.#updateHall();
    this.#notifyOtherTabs();
    dispatchEvent(new Event(RECORDED_EVENT));
    this.send();
    return storedRecords;
  }

  /** Store one draft as a record, as `recordAll` does; null if storing fails.
   * @param {Draft} draft @param {unknown} [personal] @param {string} [label]
   * @returns {Promise<DeviceRecord | null>} */
  async record(draft, personal, label) {
    return (await this.recordAll([[draft, personal]], label))[0] ?? null;
  }

  /** Record that this clerk now has the desk, if another clerk had it before.
   * @param {string} meeting */
  async #recordShift(meeting) {
    const key = `clerk/${this.enrolment.device}`;
    const previousClerk = await getMeta(this.db, key);
    if (previousClerk && previousClerk !== this.clerk) {
      const draft = { kind: "shift", source: "search", body: {} };
      this.#addRecords([await this.#storeRecord(meeting, draft, { name: this.clerk, before: previousClerk })]);
    }
    await setMeta(this.db, key, this.clerk);
  }

  /** Add records to those in memory, once only. @param {DeviceRecord[]} newRecords */
  #addRecords(newRecords) {
    this.#highestSeq = Math.max(this.#highestSeq, ...newRecords.map((deviceRecord) => deviceRecord.seq));
    const knownIds = new Set(this.deviceRecords.map((deviceRecord) => deviceRecord.id));
    const fresh = newRecords.filter((deviceRecord) => !knownIds.has(deviceRecord.id)); // a reload may have read them already
    this.deviceRecords = [...this.deviceRecords, ...fresh];
    this.fates = { ...this.fates, unsent: this.fates.unsent + fresh.length };
  }

  /** Store a draft as a record, and its personal content as a sealed detail.
   * @param {string} meeting @param {Draft} draft @param {unknown} personal */
  async #storeRecord(meeting, draft, personal) {
    const now = this.clock();
    const detail = personal === undefined ? null : await this.#sealDetail(personal);
    if (detail) await this.drawer.storeDetailContent(meeting, detail.sha256, personal);
    const fullDraft = detail ? { ...draft, body: { ...draft.body, detail: detail.sha256 } } : draft;
    const record = prepareRecord(this.enrolment, meeting, now, fullDraft);
    return addRecord(this.db, this.enrolment.device, { record, clerk: this.clerk, detail });
  }

  /** Take records back by recording voids of them. @param {LedgerRecord[]} targets */
  async undo(targets) {
    await this.recordAll(
      targets.map(({ id, person }) => [
        { kind: "void", ...(person ? { person } : {}), refs: [id], source: "search", body: {} },
      ]),
    );
    this.lastAction = { label: "", ids: [] };
    this.notifyListeners();
  }

  /** Stop telling of the point's other devices that have records left to send. */
  async forgetOwing() {
    this.enrolment = { ...this.enrolment, owing: [] };
    await putEnrolment(this.db, this.enrolment);
    this.notifyListeners();
  }

  /** Stop offering to undo the latest action. */
  forgetLastAction() {
    this.lastAction = { label: "", ids: [] };
    this.notifyListeners();
  }

  /** Return the matching records that this desk may void, the latest last.
   * @param {(record: LedgerRecord) => boolean} isMeant */
  undoableRecords(isMeant) {
    return undoable(this.hall.records, this.writer, isMeant);
  }

  /** Return a person's name from the roster or from a detail, else the code.
   * @param {string | null | undefined} person */
  nameOf(person) {
    return this.roster.get(person ?? "")?.name ?? this.unlistedNames.get(person ?? "") ?? person ?? "";
  }

  /** Seal personal content to headquarters' key. @param {unknown} personal */
  async #sealDetail(personal) {
    const { detailOf } = await import("../sync/seal.js").catch(() => {
      throw new DOMException("seal.js is not here", "NotSupportedError");
    });
    return detailOf(this.enrolment.seal_key, personal);
  }

  #updateHall() {
    this.hall = hallOf(this.enrolment.point, this.deviceRecords, this.#stream);
    for (const { person, body } of this.detailContents.size > 0 ? this.hall.records : []) {
      const name = person && this.detailContents.get(body.detail)?.name;
      if (name) this.unlistedNames.set(person, name);
    }
    this.notifyListeners();
  }

  notifyListeners() {
    for (const listener of this.#listeners) listener();
  }

  /** Note that a round of sync begins. */
  syncBegan() {
    this.isSending = true;
    this.notifyListeners();
  }

  /** Note the outcome of a round of sync, and read what it stored.
   * @param {import("../sync/sync.js").Outcome} outcome */
  async syncEnded(outcome) {
    const previousMeeting = this.meeting?.id;
    this.outcome = outcome;
    this.isSending = false;
    if (outcome.skewMs !== null) await this.#takeSkew(outcome.skewMs);
    await this.reload();
    if (this.meeting?.id !== previousMeeting) this.send();
    this.#notifyOtherTabs();
  }

  /** Store how far the clock is off. If that changed by over an hour, choose the meeting again,
   * unless records were made; a meeting that the clerk has chosen stays. @param {number} skewMs */
  async #takeSkew(skewMs) {
    if (Math.abs(skewMs - this.skewMs) > CLOCK_IS_WRONG_MS && this.deviceRecords.length === 0) this.#meetingId = null;
    await setMeta(this.db, "skewMs", skewMs);
  }

  #notifyOtherTabs() {
    if (!this.#isClosed) this.#otherTabs.postMessage("changed");
  }
}
