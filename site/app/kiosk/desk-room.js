/** The desk with its page: what an unlocked kiosk needs at once, fetched while the PIN is typed. */

export { Desk } from "./desk.js";
export { DeskView } from "./desk-view.js";
