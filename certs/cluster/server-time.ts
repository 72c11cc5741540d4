import type { KubeConfig } from '@kubernetes/client-node';
import { rawRequest } from './raw-request.ts';

/** When the API server says that it is, to the second. `/version` may be read by anybody (system:public-info-viewer). */
export async function serverTime(config: KubeConfig): Promise<Date> {
  const { date } = await rawRequest(config, 'GET', '/version');
  if (date === undefined) throw new Error('the answer of /version has no date');
  return date;
}
