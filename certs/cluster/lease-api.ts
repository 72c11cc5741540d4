import { CoordinationV1Api, type KubeConfig, V1MicroTime } from '@kubernetes/client-node';
import { type Lease, type LeaseApi, TIMING } from './lease.ts';
import { unlessAbsent } from './unless-absent.ts';

/** A Lease through the Kubernetes client. */
export function leaseApi(config: KubeConfig, namespace: string, name: string): LeaseApi {
  const api = config.makeApiClient(CoordinationV1Api);
  const specOf = (holderIdentity: string, leaseDurationSeconds: number) => ({
    holderIdentity,
    leaseDurationSeconds,
    renewTime: new V1MicroTime(),
  });
  return {
    get: () =>
      unlessAbsent(async () => leaseOf(await api.readNamespacedLease({ namespace, name }))),
    create: async (holder, durationSeconds) =>
      leaseOf(
        await api.createNamespacedLease({
          namespace,
          body: { metadata: { name }, spec: specOf(holder, durationSeconds) },
        }),
      ),
    replace: async (resourceVersion, holder, durationSeconds) =>
      leaseOf(
        await api.replaceNamespacedLease({
          namespace,
          name,
          body: { metadata: { name, resourceVersion }, spec: specOf(holder, durationSeconds) },
        }),
      ),
  };
}

type ApiLease = Awaited<ReturnType<CoordinationV1Api['readNamespacedLease']>>;

function leaseOf({ metadata = {}, spec = {} }: ApiLease): Lease {
  return {
    resourceVersion: metadata.resourceVersion ?? '',
    holder: spec.holderIdentity ?? '',
    renewedAt: spec.renewTime === undefined ? '' : new Date(spec.renewTime).toISOString(),
    durationSeconds: spec.leaseDurationSeconds ?? TIMING.durationSeconds,
  };
}
