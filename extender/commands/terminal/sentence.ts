import { httpStatusOf } from '../../../certs/cluster/api-error.ts';

/** A connection that did not come about, as Node reports it. */
interface ConnectionError extends Error {
  readonly code?: string;
  readonly address?: string;
  readonly hostname?: string;
  readonly port?: number;
}

const UNREACHABLE =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/;

/** What to tell a person of an error that ended a command: its own sentence, or where nothing answered and what to check. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (httpStatusOf(error) === 403)
    return `${error.message}; ask as somebody who may, such as with --context`;
  const { code = '', address, hostname, port, message }: ConnectionError = error;
  if (!UNREACHABLE.test(code) || !message.includes(code)) return message;
  const where = address ?? hostname;
  const at = where === undefined ? '' : ` at ${where}${port === undefined ? '' : `:${port}`}`;
  return `the API server${at} does not answer (${code}); check --kubeconfig and the network`;
}
