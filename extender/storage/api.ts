import {
  CoordinationV1Api,
  CustomObjectsApi,
  type KubeConfig,
  V1MicroTime,
} from '@kubernetes/client-node';
import type { DeviceHistoryApi } from './cluster-store.ts';
import { DEVICE_HISTORIES, type DeviceHistory, GROUP, VERSION } from './device-history.ts';
import type { Lease, LeaseApi } from './lease.ts';

/** DeviceHistory objects through the Kubernetes client. */
export function deviceHistoryApi(config: KubeConfig): DeviceHistoryApi {
  const api = config.makeApiClient(CustomObjectsApi);
  return {
    get: (name) =>
      api.getClusterCustomObject({ ...DEVICE_HISTORIES, name }) as Promise<DeviceHistory>,
    create: (name) =>
      api.createClusterCustomObject({
        ...DEVICE_HISTORIES,
        body: {
          apiVersion: `${GROUP}/${VERSION}`,
          kind: 'DeviceHistory',
          metadata: { name, labels: { 'app.kubernetes.io/name': 'surefoot' } },
        },
      }) as Promise<DeviceHistory>,
    replaceStatus: (name, resourceVersion, status) =>
      api.replaceClusterCustomObjectStatus({
        ...DEVICE_HISTORIES,
        name,
        body: {
          apiVersion: `${GROUP}/${VERSION}`,
          kind: 'DeviceHistory',
          metadata: { name, resourceVersion },
          status,
        },
      }) as Promise<DeviceHistory>,
    delete: async (name) => {
      await api.deleteClusterCustomObject({ ...DEVICE_HISTORIES, name });
    },
  };
}

/** The lease of the replica that keeps the history. */
export function leaseApi(config: KubeConfig, namespace: string, name: string): LeaseApi {
  const api = config.makeApiClient(CoordinationV1Api);
  const specOf = (holderIdentity: string, leaseDurationSeconds: number) => ({
    holderIdentity,
    leaseDurationSeconds,
    renewTime: new V1MicroTime(),
  });
  return {
    async get() {
      try {
        return leaseOf(await api.readNamespacedLease({ namespace, name }));
      } catch (error) {
        if ((error as { code?: number }).code === 404) return undefined;
        throw error;
      }
    },
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
    durationSeconds: spec.leaseDurationSeconds ?? 15,
  };
}
