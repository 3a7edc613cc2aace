/** Fills the catalogue's messages; the messages themselves stand in `messages.vi.json`. */

/**
 * @param {string} message with `{name}` where a fact goes
 * @param {Record<string, unknown>} facts
 */
export function fill(message, facts) {
  return message.replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));
}
