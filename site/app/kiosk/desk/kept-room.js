/** Keeps the rooms of the desk, with their half-filled forms, while another room is open. */

import { html } from "htm/preact";
import { Component } from "preact";

/** Return whether a form contains something that is not recorded yet.
 * @param {string} [parent] a CSS selector: the forms in these elements only */
export function hasHalfFilledForm(parent = "") {
  const fields = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll(`${parent} form.stack input`));
  return [...fields].some((field) => field.value !== field.defaultValue);
}

/**
 * A room that stays on the page while it is hidden. A hidden room is not redrawn, because drawing
 * 500 seats again would delay every tap; a room with a `scan` is redrawn to take it.
 * @extends {Component<{hidden: boolean, scan: unknown, children?: any}>}
 */
export class KeptRoom extends Component {
  /** Return whether the room must be redrawn. @param {{hidden: boolean, scan: unknown}} next */
  shouldComponentUpdate({ hidden, scan }) {
    return !hidden || !!scan || !this.props.hidden;
  }

  render({ hidden, children } = this.props) {
    return html`<div hidden=${hidden}>${children}</div>`;
  }
}
