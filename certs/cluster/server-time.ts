import type { KubeConfig } from '@kubernetes/client-node';
import { type RawResponse, rawRequest } from './raw-request.ts';

/** When the API server says that it is, to the second. `/version` may be read by anybody (system:public-info-viewer). */
export async function serverTime(config: KubeConfig): Promise<Date> {
  return timeOf(await rawRequest(config, 'GET', '/version'));
}

/** When an answer was given. Throws when it does not say so. */
export function timeOf({ date }: RawResponse): Date {
  if (date === undefined) throw new Error('the answer of the API server has no date');
  return date;
}
