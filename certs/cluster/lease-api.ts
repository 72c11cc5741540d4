import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from './api-objects.ts';
import { type Lease, type LeaseApi, TIMING } from './lease.ts';
import { microTime } from './micro-time.ts';

/** A Lease of coordination.k8s.io as it is on the wire. */
export interface LeaseObject {
  readonly metadata: {
    readonly name?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** RFC 3339 with microseconds. */
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** A lease with the object that it was read from. */
interface ReadLease extends Lease {
  readonly object: LeaseObject;
}

/** Leases of a namespace. */
export function leases(config: KubeConfig, namespace: string): ApiObjects<LeaseObject> {
  return new ApiObjects(config, {
    api: 'apis/coordination.k8s.io/v1',
    plural: 'leases',
    namespace,
  });
}

/** The Lease of a name. `annotations`: what its holder says on it, each time it is renewed. */
export function leaseApi(
  config: KubeConfig,
  namespace: string,
  name: string,
  annotations: () => Readonly<Record<string, string>> = () => ({}),
): LeaseApi {
  const api = leases(config, namespace);
  return {
    get: async (signal) => {
      const found = await api.find(name, signal);
      return found === undefined ? undefined : leaseOf(found);
    },
    create: async (holder, durationSeconds, signal) =>
      leaseOf(await api.create(heldBy({ metadata: { name } }, holder, durationSeconds), signal)),
    replace: async (lease, holder, durationSeconds, signal) => {
      const { object } = lease as ReadLease;
      const said = annotated(object, annotations());
      return leaseOf(await api.replace(name, heldBy(said, holder, durationSeconds), { signal }));
    },
  };
}

/** What others have written on it stays. */
function annotated(object: LeaseObject, added: Readonly<Record<string, string>>): LeaseObject {
  if (Object.keys(added).length === 0) return object;
  const { metadata } = object;
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...added } },
  };
}

/**
 * The object with another holder, or renewed by the one that it has. Labels and annotations stay; `acquireTime` and
 * `leaseTransitions` change as client-go has it (tools/leaderelection): with the holder, and not when it lets go.
 */
function heldBy(object: LeaseObject, holderIdentity: string, leaseDurationSeconds: number) {
  const { spec } = object;
  const now = microTime(new Date());
  const before = spec?.holderIdentity;
  const isNew = before !== holderIdentity;
  const isTaken = isNew && holderIdentity !== '' && spec !== undefined;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    ...object,
    spec: {
      ...spec,
      holderIdentity,
      leaseDurationSeconds,
      renewTime: now,
      acquireTime: isNew ? now : (spec?.acquireTime ?? now),
      leaseTransitions: (spec?.leaseTransitions ?? 0) + (isTaken ? 1 : 0),
    },
  };
}

function leaseOf(object: LeaseObject): ReadLease {
  const { metadata, spec = {} } = object;
  return {
    object,
    resourceVersion: metadata.resourceVersion ?? '',
    holder: spec.holderIdentity ?? '',
    renewedAt: spec.renewTime === undefined ? '' : new Date(spec.renewTime).toISOString(),
    durationSeconds: spec.leaseDurationSeconds ?? TIMING.durationSeconds,
    ...(spec.acquireTime !== undefined && { acquiredAt: spec.acquireTime }),
    transitions: spec.leaseTransitions ?? 0,
  };
}
