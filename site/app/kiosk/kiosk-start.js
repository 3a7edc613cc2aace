/** Starts the kiosk. If its page was opened from a disk (`file:`), where browsers load no modules,
 * shows a message instead. */

const stage = /** @type {HTMLElement} */ (document.getElementById("kiosk"));
if (location.protocol === "file:") stage.textContent = stage.dataset.fromDisk ?? "";
else {
  const entry = "./kiosk.js"; // the build puts both files in one folder
  void import(entry);
}
