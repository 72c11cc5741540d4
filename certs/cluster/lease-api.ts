import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from './api-objects.ts';
import { type Lease, type LeaseApi, TIMING } from './lease.ts';
import { microTime } from './micro-time.ts';

/** A Lease of coordination.k8s.io as it is on the wire. */
export interface LeaseObject {
  readonly metadata: { readonly name?: string; readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    /** RFC 3339 with microseconds. */
    readonly renewTime?: string;
  };
}

/** Leases of a namespace. */
export function leases(config: KubeConfig, namespace: string): ApiObjects<LeaseObject> {
  return new ApiObjects(config, {
    api: 'apis/coordination.k8s.io/v1',
    plural: 'leases',
    namespace,
  });
}

/** The Lease of a name. */
export function leaseApi(config: KubeConfig, namespace: string, name: string): LeaseApi {
  const api = leases(config, namespace);
  const held = (holderIdentity: string, leaseDurationSeconds: number) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    spec: { holderIdentity, leaseDurationSeconds, renewTime: microTime(new Date()) },
  });
  return {
    get: async (signal) => {
      const found = await api.find(name, signal);
      return found === undefined ? undefined : leaseOf(found);
    },
    create: async (holder, durationSeconds, signal) =>
      leaseOf(await api.create({ metadata: { name }, ...held(holder, durationSeconds) }, signal)),
    replace: async (resourceVersion, holder, durationSeconds, signal) =>
      leaseOf(
        await api.replace(
          name,
          {
            metadata: { name, resourceVersion },
            ...held(holder, durationSeconds),
          },
          { signal },
        ),
      ),
  };
}

function leaseOf({ metadata, spec = {} }: LeaseObject): Lease {
  return {
    resourceVersion: metadata.resourceVersion ?? '',
    holder: spec.holderIdentity ?? '',
    renewedAt: spec.renewTime === undefined ? '' : new Date(spec.renewTime).toISOString(),
    durationSeconds: spec.leaseDurationSeconds ?? TIMING.durationSeconds,
  };
}
