/** Fills values into messages of the catalogues `messages.vi.json` and `messages.rooms.vi.json`. */

/**
 * Return the message with every `{name}` replaced by the value of that name. A missing value
 * becomes `undefined`.
 * @param {string} message text with placeholders such as `{name}`
 * @param {Record<string, unknown>} values
 */
export function fill(message, values) {
  return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
