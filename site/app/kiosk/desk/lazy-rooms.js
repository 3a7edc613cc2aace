/** The views that the desk does not need at once, in one module: one request fetches them all. */

export { View as chair } from "./chair-view.js";
export { View as device } from "../device/device-view.js";
export { View as hall } from "../hall/hall-view.js";
export { View as queue } from "./queue-view.js";
export { View as seats } from "./seats-view.js";
export { View as sheet } from "./person-sheet.js";
