/** A database of the browser that is opened again whenever the browser has closed it. */

import { openDB } from "idb";

/** @typedef {import("idb").IDBPDatabase<any>} Handle */

/** Names of errors that mean the database closed before the work was stored; a retry is safe.
 * WebKit says UnknownError when it loses the connection to its database server. */
const CUT_OFF = new Set(["InvalidStateError", "AbortError", "UnknownError"]);

export class Database {
  /** @type {Promise<Handle> | undefined} */
  #opening;
  #wasOpen = false;
  /** Called, before any other work, when the browser has deleted the database that was in use.
   * @type {(handle: Handle) => Promise<void>} */
  onLost = async () => {};

  /** @param {string} name @param {(handle: Handle) => void} create makes the object stores */
  constructor(name, create) {
    this.name = name;
    this.create = create;
  }

  /**
   * Do some work with the open database. If the browser closes it meanwhile, open it again and do
   * the work once more.
   * @template T
   * @param {(handle: Handle) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async run(work) {
    const opening = (this.#opening ??= this.#open());
    try {
      return await work(await opening);
    } catch (fault) {
      if (!CUT_OFF.has(/** @type {Error} */ (fault).name)) throw fault;
      if (this.#opening === opening) this.#opening = undefined;
      return work(await (this.#opening ??= this.#open()));
    }
  }

  async #open() {
    let isNew = false;
    try {
      const handle = await openDB(this.name, 1, {
        upgrade: (created) => {
          isNew = true;
          this.create(/** @type {Handle} */ (created));
        },
        blocking: () => handle.close(), // another page deletes the database
        terminated: () => (this.#opening = undefined),
      });
      if (isNew && this.#wasOpen) await this.onLost(handle);
      this.#wasOpen = true;
      return handle;
    } catch (fault) {
      this.#opening = undefined; // so that the next work may try again
      throw fault;
    }
  }
}
