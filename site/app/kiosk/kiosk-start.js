/** Starts the kiosk where modules can be loaded: not from a disk, as when a pack's page is opened. */

const stage = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
if (location.protocol === "file:") stage.textContent = stage.dataset.fromDisk ?? "";
else {
  const entry = "./kiosk.js"; // beside this file once both are bundled
  void import(entry);
}
