/** Bundles the desk and its page in one module, which the kiosk loads while the clerk types the
 * PIN. */

export { Desk } from "./desk.js";
export { DeskView } from "./desk-view.js";
