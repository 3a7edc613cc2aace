/**
 * Types that the kiosk's modules share. Fields of the server's JSON are in snake_case; fields that the
 * kiosk adds are in camelCase.
 *
 * @typedef {{id: string, v: 1, kind: string, meeting: string, point: string, device: string,
 *   seq: number | null, boot: string, at: string, mono_ms: number, by: string, source: string,
 *   person?: string, refs?: string[], body: Record<string, any>}} LedgerRecord
 *
 * A record made on this device. `fate` is `queued` until the server's verdict on the record arrives.
 * `clerk` is the id, in the vault, of the clerk who made the record.
 * @typedef {{id: string, device: string, seq: number, meeting: string, clerk: string,
 *   record: LedgerRecord, fate: Fate, code: string | null,
 *   atCorrected: string | null, skewMs?: number}} DeviceRecord
 * @typedef {"queued" | "stored" | "held" | "refused" | "released" | "dismissed"} Fate
 *
 * Personal data to which a record refers by `sha256`. `box` is a compact JWE that only headquarters can
 * decrypt.
 * @typedef {{sha256: string, device: string, box: string, isSent: 0 | 1}} Detail
 *
 * A record of the point's stream, made on any device, with the corrected time that the server computed.
 * @typedef {LedgerRecord & {at_corrected: string}} StreamRecord
 *
 * The server's answer to an enrolment. `owing`: the point's other devices that had unsent records at
 * their last contact. `keys_rev` is the revision of headquarters' two public keys.
 * @typedef {{device: string, token: string, read_token: string, point: string,
 *   point_name: string, profile: string, person: string | null, seal_key: JsonWebKey,
 *   sign_key: JsonWebKey, keys_rev: string, owing: {device: string, unsent: number, last_contact_at: string | null}[]}} EnrolmentAnswer
 *
 * An enrolment as stored on this device; the read token is in the vault instead. `lost`: why the vault was
 * wiped, or null.
 * @typedef {Omit<EnrolmentAnswer, "read_token"> & {key: CryptoKeyPair,
 *   vault: import("./device/vault.js").Vault | null, lost: "revoked" | "wrong_pins" | null}} Enrolment
 * @typedef {{id: string, title: string, starts_at: string, ends_at: string,
 *   state: "upcoming" | "open" | "closed", rehearsal: boolean}} Meeting
 * @typedef {{person: string, name: string, unit: string, position: string, seat: string,
 *   exempt?: boolean, card_hash?: string}} RosterLine
 * @typedef {{rev: string, people: RosterLine[], units: Record<string, string>}} Roster
 *
 * @typedef {{id: string | null, status: string, fate: Fate, code: string | null,
 *   at_corrected: string | null}} Verdict
 * @typedef {{verdicts: Verdict[], records: StreamRecord[], cursor: string, more: boolean,
 *   want: [number, number][], want_details: string[], roster_rev: string, release: string | null,
 *   server_time: string, keys_rev: string, retry_after_s: number | null}} SyncAnswer
 */

export {};
