/** Identifies hardware across re-created Node objects. */
export type HostId = string;

/** What a Node object says about the machine under it. */
export interface HostMarks {
  readonly systemUuid: string;
  readonly providerId: string;
  readonly nodeUid: string;
  /** What a provider's label calls the machine; empty where none does. */
  readonly hostLabel: string;
}

/** Firmware that was never given a UUID reports one of these for every machine. */
const NO_UUID = /^(0+|f+|03000200-0400-0500-0006-000700080009)$/i;

/**
 * The machine rather than its Node object: a node that is deleted and registered again inherits
 * what happened on the hardware. The provider's name of the machine first (an instance's system UUID
 * is its own there), then the system UUID, then the provider's id, then the object.
 */
export function hostIdOf({ systemUuid, providerId, nodeUid, hostLabel }: HostMarks): HostId {
  if (hostLabel !== '') return `host:${hostLabel}`;
  if (
    systemUuid !== '' &&
    !NO_UUID.test(systemUuid.replaceAll('-', '')) &&
    !NO_UUID.test(systemUuid)
  ) {
    return `uuid:${systemUuid.toLowerCase()}`;
  }
  return providerId === '' ? `node:${nodeUid}` : `provider:${providerId}`;
}

/**
 * The physical device behind an id: time-sliced replicas (`GPU-3f2c::1`, NVIDIA/k8s-device-plugin
 * internal/rm/devices.go) are the device they share, and MIG slices of drivers before R470 name
 * theirs (`MIG-GPU-3f2c/1/0`). Newer MIG ids are their own: nothing in the API tells their parent.
 */
export function physicalDevice(id: string): string {
  const replica = id.indexOf('::');
  const whole = replica > 0 ? id.slice(0, replica) : id;
  return /^MIG-(GPU-[0-9a-f-]+)\//.exec(whole)?.[1] ?? whole;
}
