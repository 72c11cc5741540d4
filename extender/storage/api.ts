import { CustomObjectsApi, type KubeConfig } from '@kubernetes/client-node';
import type { DeviceHistoryApi } from './cluster-store.ts';
import { DEVICE_HISTORIES, type DeviceHistory, GROUP, VERSION } from './device-history.ts';

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
