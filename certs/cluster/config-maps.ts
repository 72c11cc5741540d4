import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from './api-objects.ts';

/** What Surefoot reads and writes of a ConfigMap. */
export interface ConfigMap {
  readonly metadata?: { readonly name?: string; readonly resourceVersion?: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** ConfigMaps of a namespace. */
export function configMaps(config: KubeConfig, namespace: string): ApiObjects<ConfigMap> {
  return new ApiObjects(config, { api: 'api/v1', plural: 'configmaps', namespace });
}
