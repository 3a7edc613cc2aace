/** Starts the kiosk, unless its page was opened from a disk, where modules cannot be loaded. */

const stage = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
if (location.protocol === "file:") stage.textContent = stage.dataset.fromDisk ?? "";
else {
  const entry = "./kiosk.js"; // next to this file once both are bundled
  void import(entry);
}
