/** Makes records: an id of their own, the clocks of the moment, the enrolment's device and point. */

/**
 * @typedef {import("./types.js").LedgerRecord} LedgerRecord
 * @typedef {{kind: string, person?: string, refs?: string[], source: string,
 *   body: Record<string, any>}} Draft
 */

/**
 * @param {import("./types.js").Enrolment} enrolment
 * @param {string} meeting
 * @param {import("./clock.js").Reading} now
 * @param {Draft} draft
 * @returns {(seq: number) => LedgerRecord}
 */
export function recordOf(enrolment, meeting, now, draft) {
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

/** RFC 9562, version 7: 48 bits of time, then random. (`randomUUID` is younger than our phones.) */
export function uuid7(/** @type {number} */ atMs) {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let place = 5, rest = atMs; place >= 0; place -= 1) {
    bytes[place] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return hexOf(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** @param {Uint8Array} bytes */
export function hexOf(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A code for somebody whom no list knows, until headquarters tells who it is. */
export function newcomerCode() {
  return `N-${hexOf(crypto.getRandomValues(new Uint8Array(5))).toUpperCase()}`;
}
