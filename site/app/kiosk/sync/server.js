/** Calls the server's API. Failures that are expected on a poor connection are returned, not
 * thrown. */

const API = "/api/v1";
const TIMEOUT_MS = 30_000;
const WORTH_PACKING_BYTES = 1000;
/** The header that marks answers of our server. An answer without this header may come from a proxy
 * or from the log-in page of a Wi-Fi network, even with status 200. */
const MARK = "Diemcau-Api";

/**
 * The answer of a call, or the failure. `data` is parsed JSON, or a Blob for other content.
 * @template T
 * @typedef {{ok: true, data: T, headers: Headers} | Failure} Result
 */
/**
 * A failed call. `reason` is "network" if no answer came, else "refused". `status` and `code` come from the
 * server's problem document; `retryAfterS` is in seconds.
 * @typedef {{ok: false, reason: "network" | "refused", status: number,
 *   code: string, retryAfterS: number | null}} Failure
 * @typedef {{token?: string, body?: unknown, method?: string, piece?: BodyInit,
 *   headers?: Record<string, string>}} CallOptions
 */

/** Call the API, and return its answer or the failure. A JSON body of over 1,000 characters is sent
 * with gzip. A call without an answer fails after 30 s.
 * @param {string} path @param {CallOptions} [options] @returns {Promise<Result<any>>} */
export async function call(path, { token, body, method, piece, headers: extraHeaders } = {}) {
  /** @type {Record<string, string>} */
  const headers = { ...extraHeaders };
  if (token) headers.Authorization = `Bearer ${token}`;
  const controller = new AbortController(); // old phones have no `AbortSignal.timeout`
  const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
  /** @type {RequestInit} */
  const request = { headers, method: method ?? "GET", body: piece, cache: "no-store", signal: controller.signal };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    request.method = "POST";
    const text = JSON.stringify(body);
    const packed = text.length > WORTH_PACKING_BYTES ? await gzip(text) : null;
    if (packed) headers["Content-Encoding"] = "gzip";
    request.body = packed ?? text;
  }
  try {
    const response = await fetch(API + path, request);
    if (response.ok && !response.headers.has(MARK)) return failure("refused", response.status, "not_ours", null);
    const isJson = response.headers.get("Content-Type")?.includes("json") && method !== "HEAD";
    if (response.ok) {
      const data = isJson ? await response.json() : await response.blob();
      return { ok: true, data, headers: response.headers };
    }
    const problem = isJson ? await response.json().catch(() => ({})) : {};
    const after = Number(response.headers.get("Retry-After"));
    return failure("refused", response.status, problem.code, after || null);
  } catch {
    return failure("network", 0, "network", null);
  } finally {
    clearTimeout(timer);
  }
}

/** Return a failure. Without a code, the status serves as the code. @returns {Failure} */
function failure(
  /** @type {Failure["reason"]} */ reason,
  /** @type {number} */ status,
  /** @type {string | undefined} */ code,
  /** @type {number | null} */ retryAfterS,
) {
  return { ok: false, reason, status, code: code ?? String(status), retryAfterS };
}

async function gzip(/** @type {string} */ text) {
  if (typeof CompressionStream === "undefined") return null;
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Response(stream).blob();
}
