import type { HostId } from './facts.ts';

/** What a Node object says about the machine under it. */
export interface HostMarks {
  readonly systemUuid: string;
  readonly providerId: string;
  readonly nodeUid: string;
}

/** Firmware that was never given a UUID reports one of these for every machine. */
const NO_UUID = /^(0+|f+|03000200-0400-0500-0006-000700080009)$/i;

/**
 * The machine rather than its Node object: a node that is deleted and registered again inherits
 * what happened on the hardware. The system UUID first, then the provider's id, then the object.
 */
export function hostIdOf({ systemUuid, providerId, nodeUid }: HostMarks): HostId {
  if (
    systemUuid !== '' &&
    !NO_UUID.test(systemUuid.replaceAll('-', '')) &&
    !NO_UUID.test(systemUuid)
  ) {
    return `uuid:${systemUuid.toLowerCase()}`;
  }
  return providerId === '' ? `node:${nodeUid}` : `provider:${providerId}`;
}
