/**
 * The desk: what an unlocked kiosk has before it, kept in memory and on the disk alike. It makes
 * records, takes in what the line brings, and tells whoever shows it.
 */

import { Drawer, NO_NAMES } from "./drawer.js";
import { chooseMeeting } from "./meetings.js";
import { recordOf } from "./mint.js";
import { hallOf, undoable } from "./standing.js";
import { addRecord, countFates, getMeta, ownRecords, setMeta } from "./store.js";

/**
 * @typedef {import("./types.js").OwnRecord} OwnRecord
 * @typedef {import("./types.js").Meeting} Meeting
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {import("./mint.js").Draft} Draft
 * @typedef {{enrolment: import("./types.js").Enrolment, key: CryptoKey, clerk: string}} Opened
 */

/** What is told to the window when a record was made: somebody is at work. */
export const WORKED = "diemcau-worked";

/** @type {Record<string, string>} */
const FAULTS = { QuotaExceededError: "store.full", NotSupportedError: "store.no_seal" };

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
  #asked = 0;
  /** @type {Promise<void> | null} */
  #reading = null;
  /** @type {string | null} the meeting at hand */
  #id = null;
  #isClosed = false;
  /** @type {Promise<void> | null} */
  #shift = null;
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
    this.drawer = new Drawer(db, enrolment.device, key);
    this.hall = hallOf(enrolment.point, [], []);
    this.send = send;
    this.#others.onmessage = () => void this.reload();
  }

  /** Who reads what the line brings. @returns {import("./sync.js").Reader} */
  get reader() {
    return { device: this.enrolment.device, key: this.key, meeting: this.meeting?.id ?? null };
  }

  close() {
    this.#isClosed = true;
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

  /** Everything anew from the disk; calls while it runs are merged, and what is stale is left out. */
  reload() {
    this.#asked += 1;
    this.#reading ??= this.#readUntilCurrent();
    return this.#reading;
  }

  async #readUntilCurrent() {
    try {
      for (let seen = -1; seen !== this.#asked; ) {
        seen = this.#asked;
        await this.#readAll();
      }
    } finally {
      this.#reading = null; // at once: whoever asks from here on is read for anew
    }
  }

  async #readAll() {
    const meetings = await this.drawer.meetings();
    // Once it is there it changes only when the clerk chooses another: the hour alone moves nobody.
    this.#id ??= chooseMeeting(meetings, await getMeta(this.db, "choice"), Date.now());
    const id = this.#id;
    const lastSentAt = (await getMeta(this.db, "lastSentAt")) ?? null;
    const names = id ? await this.drawer.names(id) : NO_NAMES;
    const stream = id ? await this.drawer.stream(id) : [];
    const told = id ? await this.drawer.told(id) : new Map();
    const fates = await countFates(this.db);
    const own = id ? await ownRecords(this.db, id) : []; // last: what is made meanwhile is added to it
    if (id !== this.#id) return; // another was chosen, and is read next
    Object.assign(this, { meetings, lastSentAt, fates, told, ...names });
    this.meeting = this.meetings.find((each) => each.id === id) ?? null;
    this.own = own.filter((each) => each.record.point === this.enrolment.point);
    this.#stream = stream;
    this.isRead = true;
    this.#judge();
  }

  /** @param {string} id of the meeting that the clerk chooses */
  async choose(id) {
    await setMeta(this.db, "choice", { id, chosenMs: Date.now() });
    this.#id = id;
    this.last = { label: "", ids: [] };
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
      this.#shift ??= this.#noteShift(meeting.id).catch(() => {
        this.#shift = null; // it is told with the next record; it must not hold up this one
      });
      await this.#shift;
      for (const [draft, personal] of drafts) made.push(await this.#store(meeting.id, draft, personal));
    } catch (fault) {
      this.fault = FAULTS[/** @type {Error} */ (fault).name] ?? "store.failed";
    }
    this.#add(made);
    this.last = { label, ids: made.map((own) => own.id) };
    this.#judge();
    this.#tellOthers();
    dispatchEvent(new Event(WORKED));
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
    const key = `clerk/${this.enrolment.device}`;
    const before = await getMeta(this.db, key);
    if (before && before !== this.clerk) {
      const draft = { kind: "shift", source: "search", body: {} };
      this.#add([await this.#store(meeting, draft, { name: this.clerk, before })]);
    }
    await setMeta(this.db, key, this.clerk);
  }

  /** @param {OwnRecord[]} made */
  #add(made) {
    const known = new Set(this.own.map((own) => own.id));
    const fresh = made.filter((own) => !known.has(own.id)); // a reading may have found them before
    this.own = [...this.own, ...fresh];
    this.fates = { ...this.fates, unsent: this.fates.unsent + fresh.length };
  }

  /** @param {string} meeting @param {Draft} draft @param {unknown} personal */
  async #store(meeting, draft, personal) {
    const now = this.clock();
    const detail = personal === undefined ? null : await this.#detail(personal);
    if (detail) await this.drawer.remember(meeting, detail.sha256, personal);
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

  /** @param {unknown} personal */
  async #detail(personal) {
    const { detailOf } = await import("./seal.js").catch(() => {
      throw new DOMException("seal.js is not here", "NotSupportedError");
    });
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
    this.#tellOthers();
  }

  #tellOthers() {
    if (!this.#isClosed) this.#others.postMessage("changed");
  }
}
