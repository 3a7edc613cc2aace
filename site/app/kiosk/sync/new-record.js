/** Makes records from drafts: adds a new id, a reading of the clocks, and the enrolment's device
 * and point. */

/**
 * `Draft`: the fields of a record that depend on what happened. `prepareRecord` adds the other
 * fields.
 * @typedef {import("../types.js").LedgerRecord} LedgerRecord
 * @typedef {{kind: string, person?: string, refs?: string[], source: string,
 *   body: Record<string, any>}} Draft
 */

/**
 * Return a function that makes the record from its sequence number. The number is known only in
 * the transaction that stores the record.
 * @param {import("../types.js").Enrolment} enrolment
 * @param {string} meeting
 * @param {import("../device/clock.js").ClockReading} now
 * @param {Draft} draft
 * @returns {(seq: number) => LedgerRecord}
 */
export function prepareRecord(enrolment, meeting, now, draft) {
  return (seq) => ({
    id: uuid7(Date.parse(now.at)),
    v: 1,
    meeting,
    point: enrolment.point,
    device: enrolment.device,
    seq,
    boot: now.boot,
    at: now.at,
    mono_ms: now.monoMs,
    by: enrolment.person ?? enrolment.profile,
    ...draft,
  });
}

/** Return a new UUID of version 7 (RFC 9562): 48 bits of time in ms since 1970 UTC, then random
 * bits. */
export function uuid7(/** @type {number} */ atMs) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let index = 5, rest = atMs; index >= 0; index -= 1) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** Return bytes as hexadecimal text in lower case, two digits per byte.
 * @param {Uint8Array} bytes */
export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Return a random code for a person who is on no list: `N-` and ten hexadecimal digits. The code
 * serves until headquarters identifies the person. */
export function newcomerCode() {
  return `N-${hexOf(crypto.getRandomValues(new Uint8Array(5))).toUpperCase()}`;
}
