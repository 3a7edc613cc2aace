/** Of the kiosk's own sources; the bundler puts it in, and tests run without one. */
declare const KIOSK_VERSION: string | undefined;
