/** Of the kiosk's own sources; the bundler puts it in, and tests run without one. */
declare const KIOSK_VERSION: string | undefined;
/** Rounds of PBKDF2 for a new PIN, which the bundle sets. */
declare const PIN_ITERATIONS: number;
