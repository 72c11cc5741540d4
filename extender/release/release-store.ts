import type { KubeConfig } from '@kubernetes/client-node';
import { type ConfigMap, configMaps } from '../../certs/cluster/config-maps.ts';
import { type Release, releasesIn } from './releases.ts';

/** Where verdicts are kept. */
export interface ReleaseStore {
  /** Those that are stored. Rejects where they cannot be read: what was released before must be known. */
  load(): Promise<readonly Release[]>;
  /** Puts them in the place of those that were read last. Rejects where somebody else has written meanwhile. */
  save(releases: readonly Release[]): Promise<void>;
}

/** A ConfigMap that the manifests make empty. */
export const RELEASES_NAME = 'surefoot-releases';
const KEY = 'releases.json';

/** In the cluster, in the namespace where Surefoot is. */
export function releasesInCluster(config: KubeConfig, namespace: string): ReleaseStore {
  const api = configMaps(config, namespace);
  let last: ConfigMap | undefined;
  return {
    async load() {
      last = await api.get(RELEASES_NAME);
      const releases = releasesIn(last.data?.[KEY]);
      if (releases !== undefined) return releases;
      throw new Error(
        `ConfigMap ${namespace}/${RELEASES_NAME}: its ${KEY} is no list of releases, so nothing is released; empty it if what was released before is of no matter`,
      );
    },
    async save(releases) {
      last ??= await api.get(RELEASES_NAME);
      const data = { ...last.data, [KEY]: JSON.stringify(releases) };
      last = await api.replace(RELEASES_NAME, { ...last, data });
    },
  };
}

/** What is stored, for whoever reports; none where there is no such object, or it cannot be read. */
export async function storedReleases(
  config: KubeConfig,
  namespace: string,
): Promise<readonly Release[]> {
  const found = await configMaps(config, namespace).find(RELEASES_NAME);
  return releasesIn(found?.data?.[KEY]) ?? [];
}
