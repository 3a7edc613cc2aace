/** Fills values into the catalogue's messages; the messages are in `messages.vi.json`. */

/**
 * @param {string} message with `{name}` where a value goes
 * @param {Record<string, unknown>} values
 */
export function fill(message, values) {
  return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
