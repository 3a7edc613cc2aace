/** This device: whether it is fit for the day, who may have the desk, and what can be printed. */

import { html } from "htm/preact";
import { useEffect, useState } from "preact/hooks";

import { checkDevice } from "./self-check.js";
import { PinFields, pinFault } from "./lock.js";
import { printRoll } from "./printed.js";
import { SCANNER_LIST, SHELL_LIST, useKept, wish } from "./shell.js";
import { isSoundOn, setSound } from "./sound.js";
import { enrolments, putEnrolment } from "./store.js";
import { tell } from "./tell.js";
import { withClerk } from "./vault.js";

/** @typedef {import("./self-check.js").Finding} Finding */

const SIGNS = { good: "●", warn: "◐", bad: "✕" };
const CLASSES = { good: "present", warn: "late", bad: "unexcused" };

/** @param {import("./desk-view.js").ViewProps} props */
export function View({ desk, onEnrol, onLock }) {
  const [findings, setFindings] = useState(/** @type {Finding[]} */ ([]));
  const shell = useKept(SHELL_LIST);
  const scanner = useKept(SCANNER_LIST);
  const [isLoud, setLoud] = useState(isSoundOn());
  useEffect(() => {
    void checkDevice(desk, shell.isKept, scanner.isKept).then(setFindings);
  }, [desk, desk.outcome, shell.isKept, scanner.isKept]);
  const worst = findings.some((each) => each.level === "bad") ? "bad" : findings.some((each) => each.level === "warn") ? "warn" : "good";
  return html`<h2>${tell("check.title")}</h2>
    ${findings.length > 0 && html`<p class=${`verdict ${CLASSES[worst]}`} role="status"><b>${SIGNS[worst]} ${tell(`check.${worst}`)}</b></p>`}
    <ul class="findings">
      ${findings.map(
        ({ level, key, facts }) => html`<li>
          <b class=${CLASSES[level]}>${SIGNS[level]} ${tell(`check.of.${level}`)}</b> <span>${tell(key, facts)}</span>
        </li>`,
      )}
    </ul>
    <p class="tools">
      <button onClick=${() => checkDevice(desk, shell.isKept, scanner.isKept).then(setFindings)}>${tell("check.again")}</button>
      ${!scanner.isKept && html`<button onClick=${() => wish("keep", SCANNER_LIST)}>${tell("check.keep_scanner")}</button>`}
    </p>
    <h2>${tell("clerks.title")}</h2>
    <${Clerks} desk=${desk} />
    <h2>${tell("device.title")}</h2>
    <p class="tools">
      <button onClick=${() => printRoll(desk)}>${tell("device.print")}</button>
      <button aria-pressed=${isLoud} onClick=${() => { setSound(!isLoud); setLoud(!isLoud); }}>${tell(isLoud ? "device.sound_on" : "device.sound_off")}</button>
      <button onClick=${onLock}>${tell("device.lock")}</button>
      <button onClick=${onEnrol}>${tell("device.enrol")}</button>
    </p>
    <p class="muted">${tell("device.about", { device: desk.enrolment.device })}</p>`;
}

/** Who may open the desk, each under a name and a PIN. @param {{desk: import("./desk.js").Desk}} props */
function Clerks({ desk }) {
  const nobody = { name: "", pin: "", again: "" };
  const [clerk, setClerk] = useState(nobody);
  const [said, setSaid] = useState("");

  async function add(/** @type {Event} */ event) {
    event.preventDefault();
    const wrong = pinFault(clerk);
    setSaid(wrong);
    if (wrong) return;
    const own = (await enrolments(desk.db)).find((each) => each.device === desk.enrolment.device);
    if (!own?.vault) return;
    const vault = await withClerk(own.vault, desk.key, clerk.name.trim(), clerk.pin);
    desk.enrolment = { ...own, vault };
    await putEnrolment(desk.db, desk.enrolment);
    setSaid(tell("clerks.added", { name: clerk.name.trim() }));
    setClerk(nobody);
  }

  return html`<p>${tell("clerks.now", { name: desk.clerk, all: (desk.enrolment.vault?.clerks ?? []).map((each) => each.name).join(", ") })}</p>
    <details>
      <summary>${tell("clerks.add")}</summary>
      <form class="stack" onSubmit=${add}>
        <${PinFields} value=${clerk} onChange=${setClerk} />
        <button class="main">${tell("save")}</button>
      </form>
    </details>
    ${said && html`<p class="notice" role="status">${said}</p>`}`;
}
