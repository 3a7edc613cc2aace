/** Reads a list from a file as rows of text. The file is CSV, or XLSX, of which the first sheet
 * with a table is read. */

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_ROWS = 5000;
const MAX_INFLATED_BYTES = 32 * 1024 * 1024;

/** Thrown if a file cannot be read. `message` is the reason's key in the message catalogue. */
export class UnreadableFile extends Error {}

/** Return the rows of a CSV or XLSX file as cell texts, with spaces trimmed. Raises: UnreadableFile
 * if the file is damaged, is over 4 MiB or has over 5,000 rows.
 * @param {File} file @returns {Promise<string[][]>} throws UnreadableFile */
export async function readRows(file) {
  if (file.size > MAX_BYTES) throw new UnreadableFile("file.too_large");
  const bytes = new Uint8Array(await file.arrayBuffer());
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const rows = isZip ? await rowsOfWorkbook(bytes) : rowsOfText(decode(bytes));
  if (rows.length > MAX_ROWS) throw new UnreadableFile("file.too_large");
  return rows.map((row) => row.map((cell) => cell.normalize("NFC").replace(/[\s\u00a0]+/g, " ").trim()));
}

/** Decode a text as UTF-16 if it begins with a UTF-16 byte order mark, else as UTF-8. Raises:
 * UnreadableFile if the bytes are invalid in this encoding.
 * @param {Uint8Array} bytes */
function decode(bytes) {
  const mark = bytes[0] * 256 + bytes[1];
  const encoding = mark === 0xfffe ? "utf-16le" : mark === 0xfeff ? "utf-16be" : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new UnreadableFile("file.encoding");
  }
}

/** Return the rows of a CSV text as cell texts. The separator is the one of `;`, tab and `,` that
 * occurs in most of the first 20 lines. Quoted cells may contain separators and line breaks.
 * @param {string} text @returns {string[][]} */
export function rowsOfText(text) {
  const firstLines = text.split("\n").slice(0, 20);
  const linesWith = (/** @type {string} */ sign) => firstLines.filter((line) => line.includes(sign)).length;
  const separator = [";", "\t", ","].reduce((best, sign) => (linesWith(sign) > linesWith(best) ? sign : best));
  /** @type {string[][]} */
  const rows = [[]];
  let cell = "";
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at];
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[(at += 1)];
      else isQuoted = false;
    } else if (letter === '"' && cell === "") isQuoted = true;
    else if (letter === separator || letter === "\n") {
      rows[rows.length - 1].push(cell.replace(/\r$/, ""));
      cell = "";
      if (letter === "\n") rows.push([]);
    } else cell += letter;
  }
  rows[rows.length - 1].push(cell);
  return rows;
}

/** Return the rows of the first sheet that has a row with two or more filled cells. Raises:
 * UnreadableFile if the XLSX file is damaged or has no such sheet.
 * @param {Uint8Array} bytes */
async function rowsOfWorkbook(bytes) {
  const parts = partsOf(bytes);
  const read = async (/** @type {string} */ name) => {
    const part = parts.get(name);
    return part ? new DOMParser().parseFromString(await inflate(part), "application/xml") : null;
  };
  const texts = [...((await read("xl/sharedStrings.xml"))?.getElementsByTagName("si") ?? [])].map(textOf);
  const sheets = [...parts.keys()].filter((name) => /^xl\/worksheets\/[^/]+\.xml$/.test(name)).sort();
  for (const name of sheets) {
    const rows = rowsOfSheet(await read(name), texts);
    if (rows.some((row) => row.filter(Boolean).length > 1)) return rows;
  }
  throw new UnreadableFile("file.no_table");
}

/** Return the rows of a sheet as cell texts, in order of columns. `texts` are the workbook's shared
 * strings; no sheet gives no rows.
 * @param {Document | null} sheet @param {string[]} texts */
function rowsOfSheet(sheet, texts) {
  /** @type {string[][]} */
  const rows = [];
  for (const row of sheet?.getElementsByTagName("row") ?? []) {
    /** @type {string[]} */
    const cells = [];
    for (const cell of row.getElementsByTagName("c")) {
      const column = columnOf(cell.getAttribute("r") ?? "") ?? cells.length;
      while (cells.length < column) cells.push("");
      const value = cell.getElementsByTagName("v")[0]?.textContent ?? "";
      const type = cell.getAttribute("t");
      cells[column] = type === "s" ? texts[Number(value)] ?? "" : type === "inlineStr" ? textOf(cell) : value;
    }
    rows.push(cells);
  }
  return rows;
}

/** Return the text of a cell or shared string: all its `t` elements, joined.
 * @param {Element} element */
function textOf(element) {
  return [...element.getElementsByTagName("t")].map((part) => part.textContent ?? "").join("");
}

/** Return the column of a cell reference such as `AB12`, counted from 0; null if the reference
 * names no column.
 * @param {string} cell */
function columnOf(cell) {
  const letters = /^[A-Z]{1,3}/.exec(cell)?.[0];
  if (!letters) return null;
  return [...letters].reduce((number, letter) => number * 26 + letter.charCodeAt(0) - 64, 0) - 1;
}

/** Return the parts of a ZIP archive by name, as listed in its central directory and still
 * compressed. Raises: UnreadableFile if the archive is damaged.
 * @param {Uint8Array} bytes @returns {Map<string, {method: number, bytes: Uint8Array}>} */
function partsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== 0x06054b50) end -= 1;
  if (end < 0) throw new UnreadableFile("file.damaged");
  const parts = new Map();
  let at = view.getUint32(end + 16, true);
  try {
    for (let count = view.getUint16(end + 10, true); count > 0; count -= 1) {
      const method = view.getUint16(at + 10, true);
      const size = view.getUint32(at + 20, true);
      const nameLength = view.getUint16(at + 28, true);
      const offset = view.getUint32(at + 42, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      const start = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      parts.set(name, { method, bytes: bytes.subarray(start, start + size) });
      at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  } catch {
    throw new UnreadableFile("file.damaged"); // an offset points outside the file
  }
  return parts;
}

/** Return the decompressed text of a ZIP part. Raises: UnreadableFile if the part is damaged, or
 * larger than 32 MiB after decompression.
 * @param {{method: number, bytes: Uint8Array}} part @returns {Promise<string>} */
async function inflate({ method, bytes }) {
  if (method === 0) return new TextDecoder().decode(bytes);
  const stream = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      size += value.length;
      if (size > MAX_INFLATED_BYTES) throw new UnreadableFile("file.too_large");
      text += decoder.decode(value, { stream: true });
    }
  } catch (fault) {
    throw fault instanceof UnreadableFile ? fault : new UnreadableFile("file.damaged");
  }
}
