/**
 * Manages the state of an unlocked kiosk, which is the same in memory and on the disk. The desk
 * makes records, reads what a round of sync has stored, and notifies the page.
 */

import { Drawer, EMPTY_ROSTER_INDEX } from "./drawer.js";
import { chooseMeeting } from "./choose-meeting.js";
import { skewAfterStep } from "../device/clock.js";
import { prepareRecord } from "../sync/new-record.js";
import { hallOf, undoable } from "./hall-standing.js";
import { addRecord, countFates, getMeta, getSealed, listMeetingRecords, putEnrolment, setMeta } from "../device/store.js";

/**
 * @typedef {import("../types.js").DeviceRecord} DeviceRecord
 * @typedef {import("../types.js").Meeting} Meeting
 * @typedef {import("../types.js").RosterLine} RosterLine
 * @typedef {import("../types.js").LedgerRecord} LedgerRecord
 * @typedef {import("../sync/new-record.js").Draft} Draft
 * @typedef {{enrolment: import("../types.js").Enrolment, key: CryptoKey, clerk: string,
 *   names: import("../device/vault.js").ClerkNames}} UnlockedVault
 */

/** Name of the window event after every record. The event shows that somebody is at work, so the
 * kiosk does not lock. */
export const RECORDED_EVENT = "diemcau-worked";

const CLOCK_IS_WRONG_MS = 3_600_000;

/** Message keys by the error's name. All other errors have the key `store.failed`.
 * @type {Record<string, string>} */
const FAULT_KEYS = { QuotaExceededError: "store.full", NotSupportedError: "store.no_seal" };

/** The desk of one unlocked enrolment. The desk calls its listeners after every change. */
export class Desk {
  /** @type {Meeting[]} */
  meetings = [];
  /** @type {Meeting | null} */
  meeting = null;
  /** @type {Map<string, RosterLine>} */
  roster = new Map();
  /** @type {Record<string, string>} unit names by code */
  units = {};
  /** The records of the current meeting that this device made at this point.
   * @type {DeviceRecord[]} */
  deviceRecords = [];
  fates = { unsent: 0, refused: 0, held: 0, details: 0 };
  /** The server's clock minus this device's clock, in milliseconds. */
  skewMs = 0;
  isRead = false;
  /** @type {string | null} */
  lastSentAt = null;
  /** @type {import("../sync/sync.js").Outcome | null} */
  outcome = null;
  isSending = false;
  /** Message key of the reason why the last record could not be stored; empty if it was stored. */
  fault = "";
  /** Whether the browser has deleted the database. The desk then restores only what is in memory. */
  wasDatabaseLost = false;
  lastAction = { label: "", ids: /** @type {string[]} */ ([]) };
  /** @type {Map<string, any>} contents of the details in this vault, by sha256 */
  detailContents = new Map();
  /** @type {Map<string, string>} names of people on no roster, by code */
  unlistedNames = new Map();
  /** @type {import("../types.js").StreamRecord[]} */
  #stream = [];
  #highestSeq = 0;
  /** Copies, by name, of the encrypted values that the desk needs. The desk restores these if the
   * browser deletes the database.
   * @type {Map<string, import("../device/vault.js").Sealed>} */
  #sealedCopies = new Map();
  #reloadRequests = 0;
  /** @type {Promise<void> | null} */
  #reloading = null;
  /** @type {string | null} of the chosen meeting */
  #meetingId = null;
  #isClosed = false;
  /** @type {{id: string, offset: number} | null} the boot of the last clock reading, and its time of day minus its ms */
  #boot = null;
  /** @type {Promise<void> | null} */
  #shiftNote = null;
  #listeners = new Set(/** @type {(() => void)[]} */ ([]));
  #otherTabs = new BroadcastChannel("diemcau-kiosk");

  /**
   * Create the desk of an unlocked enrolment. The desk is empty until the first `reload`.
   * @param {import("../device/store.js").Database} db @param {() => import("../device/clock.js").ClockReading} clock
   * @param {UnlockedVault} unlockedVault @param {() => void} send requests a round of sync
   */
  constructor(db, clock, { enrolment, key, clerk, names }, send) {
    this.db = db;
    this.clock = clock;
    this.enrolment = enrolment;
    this.key = key;
    this.clerk = clerk;
    this.clerkNames = names;
    this.drawer = new Drawer(db, enrolment.device, key);
    this.hall = hallOf(enrolment.point, [], []);
    this.send = send;
    this.#otherTabs.onmessage = () => void this.reload();
    db.onLost = (handle) => this.#writeAgain(handle);
  }

  /** The current time in ms since 1970 UTC, by the server's clock as last known. */
  get nowMs() {
    return Date.parse(this.#readClock().at) + this.skewMs;
  }

  /** Read the clock. If it was set since the last reading, the error known before may be gone. */
  #readClock() {
    const reading = this.clock();
    const offset = Date.parse(reading.at) - reading.monoMs;
    if (this.#boot && this.#boot.id !== reading.boot) {
      this.skewMs = skewAfterStep(this.skewMs, offset - this.#boot.offset);
      void setMeta(this.db, "skewMs", this.skewMs);
    }
    this.#boot = { id: reading.boot, offset };
    return reading;
  }

  /** Store the data in memory again, after the browser has deleted the database. `handle` is the
   * new database.
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

  /** The device, key and meeting for which a round of sync fetches records.
   * @returns {import("../sync/sync.js").Reader} */
  get reader() {
    return { device: this.enrolment.device, key: this.key, meeting: this.meeting?.id ?? null };
  }

  close() {
    this.#isClosed = true;
    this.db.onLost = async () => {}; // a locked desk must not restore its data
    this.#listeners.clear();
    this.#otherTabs.close();
  }

  /** Call the listener after every change of this desk. Return a function that stops the calls.
   * @param {() => void} listener @returns {() => void} stops the calls */
  listen(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The author of this desk's records: a role or a person's code (`by`), and the point. */
  get writer() {
    const { person, profile, point } = this.enrolment;
    return { by: person ?? profile, point };
  }

  get isChair() {
    return this.enrolment.profile === "chair";
  }

  /** Read all data again from the database. A call during a read causes one more read; the promise
   * resolves after the last read. */
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
      this.#reloading = null; // reset here, so that the next call starts a new read
    }
  }

  async #readAll() {
    const meetings = await this.drawer.readMeetings();
    this.skewMs = (await getMeta(this.db, "skewMs")) ?? 0;
    this.#highestSeq = Math.max(this.#highestSeq, (await getMeta(this.db, `seq/${this.enrolment.device}`)) ?? 0);
    // The chosen meeting stays until the clerk chooses another one, whatever the time.
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
    // Read the records last, to include those made during the other reads.
    const storedRecords = id ? await listMeetingRecords(this.db, id) : [];
    if (id !== this.#meetingId) return; // the clerk has chosen another meeting, which the next pass reads
    Object.assign(this, { meetings, lastSentAt, fates, detailContents, ...rosterIndex });
    this.meeting = this.meetings.find((meeting) => meeting.id === id) ?? null;
    this.deviceRecords = storedRecords.filter((deviceRecord) => deviceRecord.record.point === this.enrolment.point);
    this.#stream = stream;
    this.isRead = true;
    this.#updateHall();
  }

  /** Switch to another meeting, store the clerk's choice, and request a round of sync.
   * @param {string} id of the meeting that the clerk chooses */
  async switchMeeting(id) {
    await setMeta(this.db, "choice", { id, chosenMs: this.nowMs });
    this.#meetingId = id;
    this.lastAction = { label: "", ids: [] };
    await this.reload();
    this.send();
  }

  /**
   * Store drafts as records, and only then show them, so that everything on the screen is on the
   * disk. Encrypt `personal` content as a detail to which the record refers. Return the stored
   * records. If storing fails, set `fault` and return the records stored until then. Without a
   * meeting, do nothing.
   * @param {[draft: Draft, personal?: unknown][]} drafts drafts that are recorded and undone together
   * @param {string} [label] label of the undo button @returns {Promise<DeviceRecord[]>}
   */
  async recordAll(drafts, label = "") {
    const { meeting } = this;
    /** @type {DeviceRecord[]} */
    const storedRecords = [];
    if (!meeting) return storedRecords;
    this.fault = "";
    try {
      this.#shiftNote ??= this.#recordShift(meeting.id).catch(() => {
        this.#shiftNote = null; // store this record anyway, and retry the shift with the next record
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

  /** Store one draft as a record, as `recordAll` does. Return the record, or null if it could not
   * be stored.
   * @param {Draft} draft @param {unknown} [personal] @param {string} [label]
   * @returns {Promise<DeviceRecord | null>} */
  async record(draft, personal, label) {
    return (await this.recordAll([[draft, personal]], label))[0] ?? null;
  }

  /** Return a clerk's name; the id if the clerk is no longer known. @param {string} clerk an id */
  clerkName(clerk) {
    return this.clerkNames[clerk] ?? clerk;
  }

  /** Record a change of clerk, if another clerk has used this desk before.
   * @param {string} meeting */
  async #recordShift(meeting) {
    const key = `clerk/${this.enrolment.device}`;
    const previousClerk = await getMeta(this.db, key);
    if (previousClerk && previousClerk !== this.clerk) {
      const draft = { kind: "shift", source: "search", body: {} };
      this.#addRecords([await this.#storeRecord(meeting, draft, { name: this.clerkName(this.clerk), before: this.clerkName(previousClerk) })]);
    }
    await setMeta(this.db, key, this.clerk);
  }

  /** Add new records to those in memory, without duplicates, and count them as unsent.
   * @param {DeviceRecord[]} newRecords */
  #addRecords(newRecords) {
    this.#highestSeq = Math.max(this.#highestSeq, ...newRecords.map((deviceRecord) => deviceRecord.seq));
    const knownIds = new Set(this.deviceRecords.map((deviceRecord) => deviceRecord.id));
    const fresh = newRecords.filter((deviceRecord) => !knownIds.has(deviceRecord.id)); // a reload may have read them already
    this.deviceRecords = [...this.deviceRecords, ...fresh];
    this.fates = { ...this.fates, unsent: this.fates.unsent + fresh.length };
  }

  /** Store a draft as a record, and its personal content as an encrypted detail. Return the record.
   * Rejects if encrypting or storing fails.
   * @param {string} meeting @param {Draft} draft @param {unknown} personal */
  async #storeRecord(meeting, draft, personal) {
    const now = this.#readClock();
    const detail = personal === undefined ? null : await this.#sealDetail(personal);
    if (detail) await this.drawer.storeDetailContent(meeting, detail.sha256, personal);
    const fullDraft = detail ? { ...draft, body: { ...draft.body, detail: detail.sha256 } } : draft;
    const record = prepareRecord(this.enrolment, meeting, now, fullDraft);
    return addRecord(this.db, this.enrolment.device, { record, clerk: this.clerk, detail, skewMs: this.skewMs });
  }

  /** Cancel records by recording a void of every one. @param {LedgerRecord[]} targets */
  async undo(targets) {
    await this.recordAll(
      targets.map(({ id, person }) => [
        { kind: "void", ...(person ? { person } : {}), refs: [id], source: "search", body: {} },
      ]),
    );
    this.lastAction = { label: "", ids: [] };
    this.notifyListeners();
  }

  /** Stop showing the notices about other devices of the point that have unsent records. */
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

  /** Return a person's name from the roster or from a detail; the code if no name is known; ""
   * without a person.
   * @param {string | null | undefined} person */
  nameOf(person) {
    return this.roster.get(person ?? "")?.name ?? this.unlistedNames.get(person ?? "") ?? person ?? "";
  }

  /** Encrypt personal content with headquarters' public key, and return the detail. Rejects with
   * NotSupportedError if `seal.js` cannot be loaded.
   * @param {unknown} personal */
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

  /** Mark that a round of sync is running, and notify the listeners. */
  syncBegan() {
    this.isSending = true;
    this.notifyListeners();
  }

  /** Store the outcome of a round of sync, and read the data that the round stored.
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

  /** Store the server's clock minus the device's, in ms. If the difference changed by over an hour
   * and this device has made no records, choose the meeting again. A choice of the clerk still
   * counts.
   * @param {number} skewMs */
  async #takeSkew(skewMs) {
    if (Math.abs(skewMs - this.skewMs) > CLOCK_IS_WRONG_MS && this.deviceRecords.length === 0) this.#meetingId = null;
    await setMeta(this.db, "skewMs", skewMs);
  }

  #notifyOtherTabs() {
    if (!this.#isClosed) this.#otherTabs.postMessage("changed");
  }
}
