import type { Container, Pod, ResourceList } from './pod.ts';
import { quantityValue } from './quantity.ts';

/** A positive number of one device resource that a pod asks for. */
export interface DeviceAsk {
  /** Extended resource name, such as `nvidia.com/gpu`. */
  readonly resource: string;
  /** How many at once: containers and sidecars together, or one init container if it asks more. */
  readonly count: number;
}

/** What a pod wants of devices: counted resources, and dynamic resource claims by name. */
export interface DevicesAsked {
  readonly resources: readonly DeviceAsk[];
  readonly claims: readonly string[];
}

/** Implicit extended resource of a DRA DeviceClass (KEP-5004); always a device. */
export const DEVICE_CLASS_PREFIX = 'deviceclass.resource.kubernetes.io/';

/** True for `nvidia.com/mig-*` against `nvidia.com/mig-1g.5gb`: a trailing `*` matches the rest. */
export function matchesDevicePattern(pattern: string, resource: string): boolean {
  return pattern.endsWith('*') ? resource.startsWith(pattern.slice(0, -1)) : resource === pattern;
}

/**
 * The devices a pod asks for, of the resources that match `patterns`. A quantity of zero is no
 * device: `nvidia.com/gpu: "0"` is how a tenant would fish for a toleration.
 */
export function devicesAsked(pod: Pod, patterns: readonly string[]): DevicesAsked {
  const isDevice = (resource: string) => isDeviceResource(resource, patterns);
  const initContainers = pod.spec.initContainers ?? [];
  const sidecars = initContainers.filter(isSidecar);
  const counts = new Map<string, number>();
  for (const container of [...pod.spec.containers, ...sidecars]) {
    for (const { resource, count } of containerAsks(container, isDevice)) {
      counts.set(resource, (counts.get(resource) ?? 0) + count);
    }
  }
  for (const container of initContainers.filter((container) => !isSidecar(container))) {
    for (const { resource, count } of containerAsks(container, isDevice)) {
      counts.set(resource, Math.max(counts.get(resource) ?? 0, count));
    }
  }
  return {
    resources: [...counts].map(([resource, count]) => ({ resource, count })),
    claims: (pod.spec.resourceClaims ?? []).map((claim) => claim.name),
  };
}

/** True for a resource that counts devices, as the profiles' patterns say. */
export function isDeviceResource(resource: string, patterns: readonly string[]): boolean {
  return (
    isImpliedClaim(resource) || patterns.some((pattern) => matchesDevicePattern(pattern, resource))
  );
}

/** True when the pod asks for any device at all. */
export function asksForDevices(asked: DevicesAsked): boolean {
  return asked.resources.length > 0 || asked.claims.length > 0;
}

/** True for the implied resource of a device class, which the scheduler turns into a claim. */
export function isImpliedClaim(resource: string): boolean {
  return resource.startsWith(DEVICE_CLASS_PREFIX);
}

/** True when the pod asks for devices by claims, its own or implied ones. */
export function asksForClaims({ resources, claims }: DevicesAsked): boolean {
  return claims.length > 0 || resources.some(({ resource }) => isImpliedClaim(resource));
}

/** An init container that keeps running beside the others (KEP-753). */
function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

function containerAsks(
  container: Container,
  isDevice: (resource: string) => boolean,
): readonly DeviceAsk[] {
  const requests = container.resources?.requests ?? {};
  const limits = container.resources?.limits ?? {};
  const asks: DeviceAsk[] = [];
  for (const resource of new Set([...Object.keys(limits), ...Object.keys(requests)])) {
    if (!isDevice(resource)) continue;
    const count = quantityOf(requests, resource) ?? quantityOf(limits, resource) ?? 0;
    if (count > 0) asks.push({ resource, count });
  }
  return asks;
}

function quantityOf(list: ResourceList, resource: string): number | undefined {
  const quantity = list[resource];
  return quantity === undefined ? undefined : quantityValue(quantity);
}
