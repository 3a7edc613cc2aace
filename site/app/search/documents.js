/**
 * Reads the search files that the build writes. Over HTTP, the files are fetched as data, so that
 * only the portal's code runs. From `file://`, where a page cannot fetch, the files run as
 * scripts.
 */

/**
 * A document as described in the search files. `id` is the path of its page.
 * @typedef {{id: string, kind: string, title: string, code?: string, number?: string, issuer?: string,
 *   date?: string, summary?: string, text?: string, has_text?: boolean}} Doc
 */

const FOLDER = "./";

/** Return the documents of a search file, such as `m-…` for a meeting.
 * @returns {Promise<Doc[] | null>} null if they cannot be read now */
export async function readDocuments(/** @type {string} */ name) {
  return (await read(`${FOLDER}${name}.js`))?.documents ?? null;
}

/** Return the text of a material, given the path of its page, such as `t/cv632.html`.
 * @returns {Promise<string | null>} null if it cannot be read now */
export async function readText(/** @type {string} */ path) {
  const code = path.slice("t/".length, -".html".length);
  return (await read(`${FOLDER}t-${code}.js`))?.text ?? null;
}

/** Return the argument of the call `portalDocuments(…)`, of which a search file consists. Return
 * null if the file cannot be read.
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

/** The latest read. Scripts share one global callback, so every read waits for the previous one.
 * @type {Promise<any>} */
let lastRead = Promise.resolve();

/** Load a search file as a script, and return the argument of its call `portalDocuments(…)`. Return
 * null if the script cannot be loaded.
 * @returns {Promise<any>} */
function readAsScript(/** @type {string} */ address) {
  const reading = lastRead.then(
    () =>
      new Promise((resolve) => {
        const script = document.createElement("script");
        /** @type {any} */ (globalThis).portalDocuments = resolve;
        script.src = address;
        script.onload = script.onerror = () => {
          script.remove();
          resolve(null); // no effect if the script has already called `portalDocuments`
        };
        document.head.append(script);
      }),
  );
  lastRead = reading;
  return reading;
}
