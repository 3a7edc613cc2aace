/** Fills values into messages of the catalogues `messages.vi.json` and `messages.rooms.vi.json`. */

/**
 * Return the message with its values filled in.
 * @param {string} message with `{name}` where a value goes
 * @param {Record<string, unknown>} values
 */
export function fill(message, values) {
  return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}
