import type { KubeConfig } from '@kubernetes/client-node';
import { leases } from './lease-api.ts';

/** Name of the Lease of the replica that renews the certificates. */
export const CERTS_LEASE = 'surefoot-certs';
/** On that Lease: until when the serving pair of the webhook serves, in RFC 3339. Nobody else may read the Secret. */
const CERTIFICATE_ENDS = 'surefoot.dev/certificate-ends';

/** What the Lease says of a pair that ends then; nothing where that is not known. */
export function certificateEndAnnotation(at: Date | undefined): Readonly<Record<string, string>> {
  return at === undefined ? {} : { [CERTIFICATE_ENDS]: at.toISOString() };
}

/**
 * Until when the serving pair of the webhook serves; `undefined` where somebody else keeps it, or a version that did not
 * say so. Throws what the API server throws.
 */
export async function certificateEndsAt(
  config: KubeConfig,
  namespace: string,
): Promise<Date | undefined> {
  const lease = await leases(config, namespace).find(CERTS_LEASE);
  const at = new Date(lease?.metadata.annotations?.[CERTIFICATE_ENDS] ?? Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at;
}
