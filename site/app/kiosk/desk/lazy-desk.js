/** The desk and its page in one module, which is fetched while the clerk types the PIN. */

export { Desk } from "./desk.js";
export { DeskView } from "./desk-view.js";
