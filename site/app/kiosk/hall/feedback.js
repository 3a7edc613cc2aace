/** Shows the form for the hall's feedback on the conference: a rating for every topic, and two short
 * texts. */

import { html } from "htm/preact";

import { ChoiceField, readForm } from "../desk/fields.js";
import { nameOfCode, roomText } from "../words/room-messages.js";
import rules from "../../../rules.json" with { type: "json" };

const LONGEST_TEXT = 500; // in characters; a record may not contain longer texts

/** Show a form with the hall's latest feedback. Saving the form records new feedback, which
 * replaces the old.
 * @param {{desk: import("../desk/desk.js").Desk}} props */
export function Feedback({ desk }) {
  const { feedback } = desk.hall.all;
  /** @type {[string, string][]} */
  const ratingOptions = [["", roomText("feedback.choose")], ...rules.ratings.map((code) => /** @type {[string, string]} */ ([code, nameOfCode("rating", code)]))];

  function save(/** @type {Event} */ event) {
    const { practice, proposal, ...ratings } = readForm(event);
    const texts = Object.fromEntries(Object.entries({ practice, proposal }).filter(([, text]) => text.trim()));
    void desk.record({ kind: "feedback", source: "search", body: { ratings, ...texts } }, undefined, roomText("step.feedback"));
  }

  return html`<form class="stack" key=${feedback?.id} onSubmit=${save}>
    <p class="muted">${roomText("feedback.why")}</p>
    ${rules.feedback_topics.map(
      (topic) => html`<${ChoiceField} name=${topic} label=${nameOfCode("topic", topic)} options=${ratingOptions} value=${feedback?.ratings[topic]} />`,
    )}
    <label>${roomText("feedback.practice")}<textarea name="practice" rows="3" maxlength=${LONGEST_TEXT} defaultValue=${feedback?.practice ?? ""}></textarea></label>
    <label>${roomText("feedback.proposal")}<textarea name="proposal" rows="3" maxlength=${LONGEST_TEXT} defaultValue=${feedback?.proposal ?? ""}></textarea></label>
    <button class="main">${roomText(feedback ? "feedback.renew" : "feedback.save")}</button>
  </form>`;
}
