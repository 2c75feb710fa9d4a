// Why a request was not served, in the terms a store acts on.

/** `code` is the server's stable code; `network` when no answer came, `http` when the body named none. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly details: Readonly<Record<string, unknown>> = {},
    /** Seconds, from a 429 or 503. */
    readonly retryAfter: number | null = null,
  ) {
    super(`${code} (${status})`);
    this.name = "ApiError";
  }

  /** True when the same request may succeed later, unchanged. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Throws what is not an `ApiError` on: such a fault is ours. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  throw error;
}

/** Reads the server's error body: `{statusCode, error, message, code, details?}`. */
export function failureOf(response: Response, body: unknown): ApiError {
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const fields = isRecord(body) ? body : {};
  const code = typeof fields["code"] === "string" ? fields["code"] : "http";
  const details = isRecord(fields["details"]) ? fields["details"] : {};
  return new ApiError(code, response.status, details, Number.isFinite(retryAfter) ? retryAfter : null);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
