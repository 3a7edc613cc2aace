/** The desk's drawer: what lies encrypted on the disk for one enrolment, each piece opened once. */

import { getMeta, getSealed, putSealed, sealedNames } from "./store.js";
import { seal, unseal } from "./vault.js";

/**
 * @typedef {import("./types.js").RosterLine} RosterLine
 * @typedef {import("./types.js").StreamRecord} StreamRecord
 * @typedef {{roster: Map<string, RosterLine>, units: Record<string, string>}} Names
 */

/** @type {Names} */
export const NO_NAMES = { roster: new Map(), units: {} };

export class Drawer {
  /** @type {Map<string, StreamRecord[]>} */
  #pages = new Map();
  /** @type {Map<string, any>} */
  #told = new Map();
  #rev = "";
  #names = NO_NAMES;

  /** @param {import("./store.js").Database} db @param {string} device @param {CryptoKey} key */
  constructor(db, device, key) {
    this.db = db;
    this.device = device;
    this.key = key;
  }

  /** @returns {Promise<import("./types.js").Meeting[]>} */
  async meetings() {
    return (await this.#opened("meetings")) ?? [];
  }

  /** Whom the point summons, opened anew when it is another roster. @param {string} meeting */
  async names(meeting) {
    const rev = `${meeting} ${await getMeta(this.db, `rev/${this.device}/${meeting}`)}`;
    if (rev !== this.#rev) {
      const found = await this.#opened(`roster/${meeting}`);
      const lines = /** @type {RosterLine[]} */ (found?.people ?? []);
      this.#names = { roster: new Map(lines.map((line) => [line.person, line])), units: found?.units ?? {} };
      this.#rev = rev;
    }
    return this.#names;
  }

  /** What the server has told of the point's stream. @param {string} meeting */
  async stream(meeting) {
    const names = await sealedNames(this.db, this.device, `stream/${meeting}/`);
    for (const known of this.#pages.keys()) if (!names.includes(known)) this.#pages.delete(known);
    for (const name of names) {
      if (!this.#pages.has(name)) this.#pages.set(name, (await this.#opened(name)) ?? []);
    }
    return names.flatMap((name) => this.#pages.get(name) ?? []);
  }

  /** What details say, by sha256. @param {string} meeting */
  async told(meeting) {
    for (const name of await sealedNames(this.db, this.device, `told/${meeting}/`)) {
      const sha256 = name.slice(name.lastIndexOf("/") + 1);
      if (!this.#told.has(sha256)) this.#told.set(sha256, await this.#opened(name));
    }
    return this.#told;
  }

  /** Keep what a detail says, but for pictures. @param {string} meeting @param {string} sha256 @param {any} personal */
  async remember(meeting, sha256, personal) {
    const { scan, ...words } = personal;
    const kept = scan ? { ...words, hasScan: true } : words;
    this.#told.set(sha256, kept);
    await putSealed(this.db, this.device, `told/${meeting}/${sha256}`, await seal(this.key, kept));
  }

  /** @param {string} name @returns {Promise<any>} */
  async #opened(name) {
    const sealed = await getSealed(this.db, this.device, name);
    return sealed && unseal(this.key, sealed);
  }
}
