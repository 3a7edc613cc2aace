/** Plays a short tone for the clerk if it was switched on. The tone is off by default, because
 * conferences are silent. */

const KEY = "diemcau-sound";

/** Return whether the tone is switched on in this browser. */
export function isSoundOn() {
  return localStorage.getItem(KEY) === "on";
}

/** Switch the tone on or off in this browser. */
export function setSound(/** @type {boolean} */ isOn) {
  localStorage.setItem(KEY, isOn ? "on" : "off");
}

/** Play a short tone if it is switched on.
 * @param {"stored" | "was"} outcome high if somebody was recorded, low if nothing was */
export function beep(outcome) {
  if (!isSoundOn()) return;
  const context = new AudioContext();
  const tone = context.createOscillator();
  tone.frequency.value = outcome === "stored" ? 880 : 220;
  tone.connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.12);
  tone.onended = () => void context.close();
}
