import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import type { DeviceHistoryApi } from './cluster-store.ts';
import { DEVICE_HISTORIES, type DeviceHistory, GROUP, VERSION } from './schema.ts';

/** What every DeviceHistory says of itself. */
const KIND = { apiVersion: `${GROUP}/${VERSION}`, kind: 'DeviceHistory' } as const;

/** DeviceHistory objects of a cluster. */
export function deviceHistories(config: KubeConfig): ApiObjects<DeviceHistory> {
  const { group, version, plural } = DEVICE_HISTORIES;
  return new ApiObjects(config, { api: `apis/${group}/${version}`, plural });
}

/** The same, as the store writes them. */
export function deviceHistoryApi(config: KubeConfig): DeviceHistoryApi {
  const api = deviceHistories(config);
  const labels = { 'app.kubernetes.io/name': 'surefoot' };
  return {
    get: (name) => api.get(name),
    create: (name) => api.create({ ...KIND, metadata: { name, labels } }),
    replaceStatus: (name, resourceVersion, status) =>
      api.replace(
        name,
        { ...KIND, metadata: { name, resourceVersion }, status },
        { part: 'status' },
      ),
    delete: (name) => api.delete(name),
  };
}
