/** Bundles the views that the desk does not need at once, so that one request loads all of them. */

export { View as chair } from "./chair-view.js";
export { CardField as card, SecondHalfFields as half } from "../device/second-half-fields.js";
export { View as device } from "../device/device-view.js";
export { View as filters } from "./filters.js";
export { View as hall } from "../hall/hall-view.js";
export { View as queue } from "./queue-view.js";
export { View as seats } from "./seats-view.js";
export { View as sheet } from "./person-sheet.js";
export { Scanner as scanner } from "./camera.js";
