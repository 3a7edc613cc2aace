/** Reads and stores the encrypted values of one enrolment. Every value is decrypted once and cached. */

import { getMeta, getSealed, putSealed, listSealedNames } from "../device/store.js";
import { seal, unseal } from "../device/vault.js";

/**
 * @typedef {import("../types.js").RosterLine} RosterLine
 * @typedef {import("../types.js").StreamRecord} StreamRecord
 * @typedef {{roster: Map<string, RosterLine>, units: Record<string, string>}} RosterIndex
 */

/** @type {RosterIndex} */
export const EMPTY_ROSTER_INDEX = { roster: new Map(), units: {} };

/** The encrypted values of one enrolment in the database, with a cache of the decrypted contents. */
export class Drawer {
  /** @type {Map<string, StreamRecord[]>} */
  #pages = new Map();
  /** @type {Map<string, any>} */
  #detailContents = new Map();
  #rosterRev = "";
  #rosterIndex = EMPTY_ROSTER_INDEX;

  /** @param {import("../device/store.js").Database} db @param {string} device @param {CryptoKey} key */
  constructor(db, device, key) {
    this.db = db;
    this.device = device;
    this.key = key;
  }

  /** Return the stored list of meetings; an empty list if none is stored.
   * @returns {Promise<import("../types.js").Meeting[]>} */
  async readMeetings() {
    return (await this.#readSealed("meetings")) ?? [];
  }

  /** Return the meeting's roster by person code, and the unit names by code; both are empty if no
   * roster is stored. The roster is decrypted again only if its revision has changed.
   * @param {string} meeting */
  async readRosterIndex(meeting) {
    const rev = `${meeting} ${await getMeta(this.db, `rev/${this.device}/${meeting}`)}`;
    if (rev !== this.#rosterRev) {
      const openedRoster = await this.#readSealed(`roster/${meeting}`);
      const lines = /** @type {RosterLine[]} */ (openedRoster?.people ?? []);
      this.#rosterIndex = { roster: new Map(lines.map((line) => [line.person, line])), units: openedRoster?.units ?? {} };
      this.#rosterRev = rev;
    }
    return this.#rosterIndex;
  }

  /** Return the records of the point's stream that the server has sent for a meeting.
   * @param {string} meeting */
  async readStream(meeting) {
    const pageNames = await listSealedNames(this.db, this.device, `stream/${meeting}/`);
    for (const cachedName of this.#pages.keys()) if (!pageNames.includes(cachedName)) this.#pages.delete(cachedName);
    for (const pageName of pageNames) {
      if (!this.#pages.has(pageName)) this.#pages.set(pageName, (await this.#readSealed(pageName)) ?? []);
    }
    return pageNames.flatMap((name) => this.#pages.get(name) ?? []);
  }

  /** Return the decrypted contents of details by sha256, at least of all details of this meeting.
   * @param {string} meeting */
  async readDetailContents(meeting) {
    for (const name of await listSealedNames(this.db, this.device, `details/${meeting}/`)) {
      const sha256 = name.slice(name.lastIndexOf("/") + 1);
      if (!this.#detailContents.has(sha256)) this.#detailContents.set(sha256, await this.#readSealed(name));
    }
    return this.#detailContents;
  }

  /** Store the content of a detail, encrypted with the vault's key. A photo (`scan`) is replaced by
   * `hasScan: true`.
   * @param {string} meeting @param {string} sha256 @param {any} personal */
  async storeDetailContent(meeting, sha256, personal) {
    const { scan, ...text } = personal;
    const content = scan ? { ...text, hasScan: true } : text;
    this.#detailContents.set(sha256, content);
    await putSealed(this.db, this.device, `details/${meeting}/${sha256}`, await seal(this.key, content));
  }

  /** Return a stored value, decrypted; undefined if there is none. Rejects if the key is wrong.
   * @param {string} name @returns {Promise<any>} */
  async #readSealed(name) {
    const sealed = await getSealed(this.db, this.device, name);
    return sealed && unseal(this.key, sealed);
  }
}
