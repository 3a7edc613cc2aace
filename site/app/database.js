/** Opens an IndexedDB database, and opens it again whenever the browser has closed it. */

import { openDB } from "idb";

/** @typedef {import("idb").IDBPDatabase<any>} Handle */

/** Names of errors which mean that the database closed before the change was stored, so that a
 * retry is safe. WebKit reports UnknownError when it loses the connection to its database server. */
const DATABASE_CLOSED_ERRORS = new Set(["InvalidStateError", "AbortError", "UnknownError"]);

/** An IndexedDB database that opens on first use and reopens after the browser has closed it. */
export class Database {
  /** @type {Promise<Handle> | undefined} */
  #opening;
  #wasOpen = false;
  /** Called before any other work if the browser has deleted the database that was in use. `handle`
   * is the new, empty database.
   * @type {(handle: Handle) => Promise<void>} */
  onLost = async () => {};

  /** @param {string} name @param {(handle: Handle) => void} create creates the object stores of a new database */
  constructor(name, create) {
    this.name = name;
    this.create = create;
  }

  /**
   * Run `work` with the open database and return its result. If the browser closes the database
   * during the work, open the database again and run `work` once more. Rejects if `work` fails for
   * another reason or fails twice.
   * @template T
   * @param {(handle: Handle) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async run(work) {
    const opening = (this.#opening ??= this.#open());
    try {
      return await work(await opening);
    } catch (fault) {
      if (!DATABASE_CLOSED_ERRORS.has(/** @type {Error} */ (fault).name)) throw fault;
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
        blocking: () => handle.close(), // another page is deleting the database
        terminated: () => (this.#opening = undefined),
      });
      if (isNew && this.#wasOpen) await this.onLost(handle);
      this.#wasOpen = true;
      return handle;
    } catch (fault) {
      this.#opening = undefined; // so that the next call opens the database again
      throw fault;
    }
  }
}
