/** Fills values into messages of the catalogues `messages.vi.json` and `messages.rooms.vi.json`, and
 * cleans what users type. */

/**
 * Return the message with every `{name}` replaced by the value of that name. A missing value
 * becomes `undefined`.
 * @param {string} message text with placeholders such as `{name}`
 * @param {Record<string, unknown>} values
 */
export function fill(message, values) {
  return message.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** Return a text without the characters that nobody sees, which come with what is copied from
 * elsewhere. Line ends and tabs stay. The server refuses records that contain the others.
 * @param {string} text */
export function visibleText(text) {
  return text.replace(/(?![\n\r\t])[\p{Cc}\p{Cf}\u2028\u2029\ufffe\uffff]/gu, "");
}
