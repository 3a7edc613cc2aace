/**
 * Reads the search files that the build writes: as data over http, so that only the portal's code
 * runs; as a script from `file://`, where nothing can be fetched.
 */

/**
 * @typedef {{id: string, kind: string, title: string, code?: string, number?: string, issuer?: string,
 *   date?: string, summary?: string, text?: string, has_text?: boolean}} Doc
 */

const FOLDER = "./";

/** Read the documents of a search file, such as `m-…` for a meeting.
 * @returns {Promise<Doc[] | null>} null if they cannot be read now */
export async function readDocuments(/** @type {string} */ name) {
  return (await read(`${FOLDER}${name}.js`))?.documents ?? null;
}

/** Read the text of a material by its page, such as `t/cv632.html`.
 * @returns {Promise<string | null>} null if it cannot be read now */
export async function readText(/** @type {string} */ path) {
  const code = path.slice("t/".length, -".html".length);
  return (await read(`${FOLDER}t-${code}.js`))?.text ?? null;
}

/** Read a search file, which is a call `portalDocuments(…)`, and return its argument.
 * @returns {Promise<any>} */
async function read(/** @type {string} */ address) {
  if (location.protocol === "file:") return readAsScript(address);
  try {
    const response = await fetch(address);
    const text = response.ok ? await response.text() : "";
    return text ? JSON.parse(text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"))) : null;
  } catch {
    return null;
  }
}

/** The latest reading: scripts share one callback, and so load one at a time.
 * @type {Promise<any>} */
let lastRead = Promise.resolve();

/** @returns {Promise<any>} */
function readAsScript(/** @type {string} */ address) {
  const reading = lastRead.then(
    () =>
      new Promise((resolve) => {
        const script = document.createElement("script");
        /** @type {any} */ (globalThis).portalDocuments = resolve;
        script.src = address;
        script.onload = script.onerror = () => {
          script.remove();
          resolve(null); // no effect if the script has already given a value
        };
        document.head.append(script);
      }),
  );
  lastRead = reading;
  return reading;
}
