/**
 * The shapes that the kiosk's modules share. JSON is snake_case as the server has it; what the
 * kiosk adds of its own is camelCase.
 *
 * @typedef {{id: string, v: 1, kind: string, meeting: string, point: string, device: string,
 *   seq: number | null, boot: string, at: string, mono_ms: number, by: string, source: string,
 *   person?: string, refs?: string[], body: Record<string, any>}} LedgerRecord
 *
 * A record in the queue or its archive. `fate` is queued until the server has told another.
 * @typedef {{id: string, seq: number, meeting: string, record: LedgerRecord, fate: Fate,
 *   flags: string[], code: string | null, atCorrected: string | null}} OwnRecord
 * @typedef {"queued" | "stored" | "held" | "refused" | "released" | "dismissed"} Fate
 *
 * A record of the point's stream, made here or elsewhere, with its corrected time.
 * @typedef {LedgerRecord & {at_corrected: string}} StreamRecord
 *
 * @typedef {{device: string, token: string, read_token: string, point: string,
 *   point_name: string, profile: string}} Enrolment
 * @typedef {{id: string, title: string, starts_at: string, ends_at: string,
 *   state: "upcoming" | "open" | "closed"}} Meeting
 * @typedef {{person: string, name: string, unit: string, position: string, seat: string,
 *   exempt?: boolean}} RosterLine
 * @typedef {{meeting: string, rev: string, people: RosterLine[], units: Record<string, string>}} Roster
 *
 * @typedef {{id: string | null, status: string, fate: Fate, flags: string[], code: string | null,
 *   at_corrected: string | null}} Verdict
 * @typedef {{verdicts: Verdict[], records: StreamRecord[], cursor: string, more: boolean,
 *   want: [number, number][], roster_rev: string, release: string | null, server_time: string,
 *   retry_after_s: number | null}} SyncAnswer
 */

export {};
