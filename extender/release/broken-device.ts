import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import { type Incident, incidentWeight, isOpen } from '../history/incident.ts';
import { physicalDevice } from '../signals/identity.ts';

/** A device that is broken and that a pod holds. */
export interface BrokenDevice {
  /** The same for as long as it is known. */
  readonly key: string;
  readonly resource?: string;
  /** Absent where only that one of all that the pod holds is broken is known. */
  readonly device?: string;
  /** Whether its kubelet calls it unhealthy; else an incident says so. */
  readonly isUnhealthy: boolean;
  /** How likely it is a fault of the device, 0 to 1. */
  readonly probability: number;
  readonly words: string;
}

/** An incident that is as likely as this to be a fault of the device is taken for one (judgement). */
const LIKELY = 0.5;

/**
 * The broken devices that the pod sits on, by the word of the platform alone. Either the kubelet calls one of its devices
 * unhealthy, or something still reports an incident on one that it surely holds: by name, or because it holds all that
 * the node has.
 */
export function brokenDevicesOf(
  pod: PodFacts,
  node: NodeFacts,
  incidents: readonly Incident[],
): readonly BrokenDevice[] {
  const faults = incidents.filter(isStandingFault);
  const unhealthy = pod.deviceHealth
    .filter(({ health }) => health === 'Unhealthy')
    .map(({ resource, device }): BrokenDevice => {
      const id = device === '' ? undefined : physicalDevice(device);
      const reported = faults.find((one) => one.device === id);
      return {
        key: `${resource ?? ''} ${id ?? ''}`,
        ...(resource !== undefined && { resource }),
        ...(id !== undefined && { device: id }),
        isUnhealthy: true,
        probability: reported === undefined ? LIKELY : incidentWeight(reported),
        words: `the kubelet calls ${id ?? `a device (${resource ?? 'of a claim'})`} unhealthy`,
      };
    });
  const told = new Set(unhealthy.map(({ device }) => device));
  const reported = faults
    .filter((one) => !told.has(one.device) && holds(pod, node, one))
    .map((incident): BrokenDevice => {
      const { id, resource, device, evidence } = incident;
      const where = device === undefined ? '' : `, on ${device}`;
      return {
        key: `incident ${id}`,
        ...(resource !== undefined && { resource }),
        ...(device !== undefined && { device }),
        isUnhealthy: false,
        probability: incidentWeight(incident),
        words: `${evidence.join('; ')}${where}`,
      };
    });
  return [...unhealthy, ...reported];
}

/** Whether something that is no tenant still reports an incident that is likely a fault of a device. */
export function isStandingFault(incident: Incident): boolean {
  const { scope, byTenants = false } = incident;
  return scope === 'device' && isOpen(incident) && !byTenants && incidentWeight(incident) >= LIKELY;
}

function holds(
  { deviceHealth, devices }: PodFacts,
  { devices: offered }: NodeFacts,
  { device, resource }: Incident,
): boolean {
  if (device !== undefined && deviceHealth.length > 0) {
    return deviceHealth.some((one) => physicalDevice(one.device) === device);
  }
  // Where nobody tells of which resource it is, it may be of any that the node has.
  const wanted = resource === undefined ? [...offered.keys()] : [resource];
  return wanted.every((name) => {
    const count = devices.resources.find((ask) => ask.resource === name)?.count ?? 0;
    return count > 0 && count === offered.get(name)?.capacity;
  });
}
