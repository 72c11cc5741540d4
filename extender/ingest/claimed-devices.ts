import type { PodFacts } from '../facts/facts.ts';
import type { DeviceHealth } from '../signals/observed.ts';
import type { DynamicResources } from '../state/dynamic-resources.ts';

/**
 * A device of dynamic resource allocation has three names: driver, pool and device in its slice, the same in the claim
 * that got it, and a request with a CDI name in the pod's status. History knows it by the slice's.
 */

/** The pod with the health of claimed devices under the names that slices give them, as far as the claims are known. */
export function withClaimedDevices(
  pod: PodFacts,
  previous: PodFacts | undefined,
  devices: Pick<DynamicResources, 'deviceOf'>,
): PodFacts {
  if (!hasUnknownDevices(pod)) return pod;
  const deviceHealth = pod.deviceHealth.map((one): DeviceHealth => {
    const { claim, health } = one;
    if (claim === undefined || (one.resource === undefined && one.device !== '')) return one;
    // The claim may be gone before the last status of its pod is seen.
    const before = previous?.deviceHealth.find(
      (known) => known.device !== '' && known.claim?.reported === claim.reported,
    );
    const device = devices.deviceOf(pod.namespace, claim) || before?.device;
    return { device: device ?? '', health, claim };
  });
  return { ...pod, deviceHealth };
}

/** Whether a device of the pod is known by its claim only; it counts as some device of the node meanwhile. */
export function hasUnknownDevices({ deviceHealth }: PodFacts): boolean {
  return deviceHealth.some(
    ({ claim, resource, device }) =>
      claim !== undefined && (resource !== undefined || device === ''),
  );
}
