/** What the API server refused. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** HTTP status of a refusal by the API server; `undefined` for any other error, such as a lost connection. */
export function httpStatusOf(error: unknown): number | undefined {
  return error instanceof ApiError ? error.status : undefined;
}

/** What to show of an error where there is room for a word: its status, its system code, or its message. */
export function briefly(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message?: string };
  return String(httpStatusOf(error) ?? code ?? message);
}
