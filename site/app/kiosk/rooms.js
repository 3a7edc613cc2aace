/** The rooms of the desk that are not needed at once: one module, so that it is fetched in one go. */

export { View as chair } from "./chair.js";
export { View as device } from "./device.js";
export { View as hall } from "./hall/hall.js";
export { View as queue } from "./queue.js";
export { View as seats } from "./seats.js";
export { View as sheet } from "./person-sheet.js";
