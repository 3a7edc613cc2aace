/** Shows the device room: whether the device is fit for the day, its clerks, and a button to print
 * the roll. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { checkDevice } from "./self-check.js";
import { NO_CLERK, PinFields, pinFault } from "./clerk-fields.js";
import { printRoll } from "../desk/printed-roll.js";
import { SCANNER_LIST, SHELL_LIST, useSavedState, askWorker } from "./offline-shell.js";
import { isSoundOn, setSound } from "../desk/sound.js";
import { listEnrolments, putEnrolment } from "./store.js";
import { visibleText } from "../../words.js";
import { say } from "../words/messages.js";
import { roomText } from "../words/room-messages.js";
import { secondHalfOf } from "./second-half.js";
import { clerkNames, withClerk } from "./vault.js";

/** @typedef {import("./self-check.js").Finding} Finding */

const SIGNS = { good: "●", warn: "◐", bad: "✕" };
const CLASSES = { good: "present", warn: "late", bad: "unexcused" };

/** Show the device's self-check, its clerks, and buttons that print the roll, switch the sound,
 * lock the desk and enrol again.
 * @param {import("../desk/desk-view.js").ViewProps} props */
export function View({ desk, onEnrol, onLock }) {
  const [findings, setFindings] = useState(/** @type {Finding[]} */ ([]));
  const shell = useSavedState(SHELL_LIST);
  const scanner = useSavedState(SCANNER_LIST);
  const [isLoud, setLoud] = useState(isSoundOn());
  useEffect(() => {
    void checkDevice(desk, shell.isKept, scanner.isKept).then(setFindings);
  }, [desk, desk.outcome, shell.isKept, scanner.isKept]);
  const worst = findings.some((finding) => finding.level === "bad") ? "bad" : findings.some((finding) => finding.level === "warn") ? "warn" : "good";
  return html`<h2>${roomText("check.title")}</h2>
    ${findings.length > 0 && html`<p class=${`verdict ${CLASSES[worst]}`} role="status"><b>${SIGNS[worst]} ${roomText(`check.${worst}`)}</b></p>`}
    <ul class="findings">
      ${findings.map(
        ({ level, key, facts }) => html`<li>
          <b class=${CLASSES[level]}>${SIGNS[level]} ${roomText(`check.of.${level}`)}</b> <span>${roomText(key, facts)}</span>
        </li>`,
      )}
    </ul>
    <p class="tools">
      <button onClick=${() => checkDevice(desk, shell.isKept, scanner.isKept).then(setFindings)}>${roomText("check.again")}</button>
      ${!scanner.isKept && html`<button onClick=${() => askWorker("keep", SCANNER_LIST)}>${roomText("check.keep_scanner")}</button>`}
    </p>
    <h2>${roomText("clerks.title")}</h2>
    <${Clerks} desk=${desk} />
    <h2>${roomText("device.title")}</h2>
    <p class="tools">
      <button onClick=${() => printRoll(desk)}>${roomText("device.print")}</button>
      <button aria-pressed=${isLoud} onClick=${() => { setSound(!isLoud); setLoud(!isLoud); }}>${roomText(isLoud ? "device.sound_on" : "device.sound_off")}</button>
      <button onClick=${onLock}>${roomText("device.lock")}</button>
      <button onClick=${onEnrol}>${roomText("device.enrol")}</button>
    </p>
    <p class="muted">${roomText("device.about", { device: desk.enrolment.device })}</p>`;
}

/** Show the clerks who may open the desk, and a form that adds a clerk.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
function Clerks({ desk }) {
  const [clerk, setClerk] = useState(NO_CLERK);
  const [message, setMessage] = useState("");

  async function addClerk(/** @type {Event} */ event) {
    event.preventDefault();
    const fault = pinFault(clerk);
    setMessage(fault);
    if (fault) return;
    const enrolment = (await listEnrolments(desk.db)).find((candidate) => candidate.device === desk.enrolment.device);
    if (!enrolment?.vault) return;
    const name = visibleText(clerk.name).trim();
    const half = await secondHalfOf(clerk.half, clerk.card).catch(() => null);
    if (!half) return setMessage(say("pin.passkey_failed"));
    const vault = await withClerk(enrolment.vault, desk.key, name, clerk.pin, half);
    desk.clerkNames = await clerkNames(vault, desk.key);
    desk.enrolment = { ...enrolment, vault };
    await putEnrolment(desk.db, desk.enrolment);
    setMessage(roomText("clerks.added", { name }));
    setClerk(NO_CLERK);
  }

  return html`<p>${roomText("clerks.now", { name: desk.clerkName(desk.clerk), all: (desk.enrolment.vault?.clerks ?? []).map(({ id }) => desk.clerkName(id)).join(", ") })}</p>
    <details>
      <summary>${roomText("clerks.add")}</summary>
      <form class="stack" onSubmit=${addClerk}>
        <${PinFields} value=${clerk} onChange=${setClerk} />
        <button class="main">${roomText("save")}</button>
      </form>
    </details>
    ${message && html`<p class="notice" role="status">${message}</p>`}`;
}
