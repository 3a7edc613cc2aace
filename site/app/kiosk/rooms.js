/** The rooms that the desk does not need at once, in one module, so that one fetch brings all. */

export { View as chair } from "./chair.js";
export { View as device } from "./device.js";
export { View as hall } from "./hall/hall.js";
export { View as queue } from "./queue.js";
export { View as seats } from "./seats.js";
export { View as sheet } from "./person-sheet.js";
