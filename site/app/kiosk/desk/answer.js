/** Shows the answer that fills the screen for some seconds after an action, such as a check-in. */

import { html } from "htm/preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

import { displayStateOf, positionAndUnitOf, rosterLineOf, sayState } from "./person-row.js";
import { say, timeOf } from "../words/messages.js";

const ANSWER_MS = 2500;

/**
 * @typedef {import("./desk.js").Desk} Desk
 *
 * The content of an answer: a message, with or without a person. A `title` marks a success.
 * @typedef {{person?: string, message: string, title?: string}} AnswerContent
 */

/**
 * Show the result of an action over the whole screen. A tap, any key except Tab, or a timeout
 * closes the answer. On a focused button, Enter presses the button instead.
 * @param {{desk: Desk, answer: AnswerContent, onClose: () => void, onPerson: (person: string) => void}} props
 */
export function Answer({ desk, answer, onClose, onPerson }) {
  const { person } = answer;
  useLayoutEffect(() => {
    const closeOnKey = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Escape") event.preventDefault(); // closes the answer, not the sheet under it
      const isOnButton = event.key === "Enter" && event.target instanceof HTMLButtonElement;
      if (event.key !== "Tab" && !isOnButton) onClose();
    };
    const isSuccess = person !== undefined || answer.title !== undefined;
    const timer = setTimeout(onClose, isSuccess ? ANSWER_MS : 4 * ANSWER_MS);
    addEventListener("keydown", closeOnKey);
    return () => {
      clearTimeout(timer);
      removeEventListener("keydown", closeOnKey);
    };
  }, [answer]);
  const nextButton = useRef(/** @type {HTMLButtonElement | null} */ (null));
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    box.current?.showPopover?.(); // above a person's sheet whose form is half filled in
    if (document.activeElement === document.body) nextButton.current?.focus(); // as after a dialog closes
    return () => {
      const { activeElement: at } = document;
      const isOurs = at === document.body || at?.closest(".answer");
      if (isOurs) /** @type {HTMLElement | null} */ (document.querySelector(".search input"))?.focus();
    };
  }, []);
  const line = person ? rosterLineOf(desk, person) : null;
  const standing = person ? desk.hall.of.get(person) : undefined;
  // The undo button voids the records that were just made or, if there are none, the check-in.
  const latestRecords = person ? desk.undoableRecords((record) => record.person === person && desk.lastAction.ids.includes(record.id)) : [];
  const checkIns = person ? desk.undoableRecords((record) => record.kind === "check_in" && record.person === person) : [];
  const lastCheckIn = checkIns.at(-1);
  const checkInLabel = `${line?.name} ${lastCheckIn ? timeOf(desk.hall.atMsOf(lastCheckIn)) : ""}`;
  const [undoableRecords, label] = latestRecords.length > 0 ? [latestRecords, desk.lastAction.label] : [checkIns, checkInLabel];
  const closeThen = (/** @type {() => void} */ act) => (/** @type {Event} */ event) => {
    event.stopPropagation();
    onClose();
    act();
  };
  const isAfterClosing = desk.hall.all.closing !== null;
  const state = line ? displayStateOf(standing) : answer.title ? "present" : "unexcused";
  return html`<div class="answer ${state}" ref=${box} popover="manual" role="alertdialog" aria-label=${say("answer")} onClick=${onClose}>
    <p class="band">${answer.title ?? (line ? sayState(standing) : say("answer.unknown"))}</p>
    ${line &&
    html`<p class="who">${line.name}</p>
      <p>${positionAndUnitOf(line, desk.units)} · ${line.person}</p>
      ${(standing?.seat ?? line.seat) && html`<p class="place">${say("answer.seat")} <b>${standing?.seat ?? line.seat}</b></p>`}`}
    <p>${answer.message}</p>
    ${line && isAfterClosing && html`<p class="late">${say("answer.after_close")}</p>`}
    ${line && standing?.standing === "present" && html`<p class="muted">${say("answer.phone")}</p>`}
    <p class="acts">
      <button ref=${nextButton} onClick=${closeThen(() => {})}>${say("answer.next")}</button>
      ${line && html`<button onClick=${closeThen(() => onPerson(line.person))}>${say("answer.more")}</button>`}
    </p>
    ${undoableRecords.length > 0 &&
    html`<button class="undo" onClick=${closeThen(() => void desk.undo(undoableRecords))}>↶ ${say("undo", { name: label })}</button>`}
  </div>`;
}
