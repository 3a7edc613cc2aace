/** Calls the server's API. Failures expected on a poor line are values, never exceptions. */

const API = "/api/v1";
const TIMEOUT_MS = 30_000;
const WORTH_PACKING_BYTES = 1000;
/** The header by which the server marks its answers: the log-in page of a Wi-Fi, or a proxy, may
 * answer in its place, even with status 200. */
const MARK = "Diemcau-Api";

/**
 * @template T
 * @typedef {{ok: true, data: T, headers: Headers} | Failure} Result
 */
/**
 * `reason` is "network" if no answer came, else "refused" with the
 * problem's status and code.
 * @typedef {{ok: false, reason: "network" | "refused", status: number,
 *   code: string, retryAfterS: number | null}} Failure
 * @typedef {{token?: string, body?: unknown, method?: string, piece?: BodyInit,
 *   headers?: Record<string, string>}} CallOptions
 */

/** Call the API and return its answer or failure.
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

/** @returns {Failure} */
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
