import type { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { httpStatusOf } from '../../certs/cluster/api-error.ts';
import type { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { type ConfigMap, configMaps } from '../../certs/cluster/config-maps.ts';
import { parseJsonText } from '../../certs/serving/json.ts';
import type { PlacementDay } from './placement-sums.ts';

/** Where the sums of placements are kept. */
export interface PlacementStore {
  /** Puts what `change` makes of the days that are stored in their place, and gives it. Rejects when that fails. */
  change(
    change: (days: readonly PlacementDay[]) => readonly PlacementDay[],
  ): Promise<readonly PlacementDay[]>;
}

/** A ConfigMap with a key for each day; the manifests make it empty. */
export const PLACEMENTS_NAME = 'surefoot-placements';

const sumsSchema = z.object({
  placed: z.number(),
  hadHome: z.number(),
  wentHome: z.number(),
  savedDeviceSeconds: z.number(),
  savedSquares: z.number(),
});
const daySchema = z.object({ act: sumsSchema, observe: sumsSchema });
const DAY = /^\d{4}-\d{2}-\d{2}$/;
/** Two replicas write at their own times: a conflict is rare, and a second one in a row rarer. */
const MOST_ATTEMPTS = 3;
/** It must not hold up the end of the program. */
const MOST_WAIT_MS = 5000;

/** For as long as this process lives. */
export function placementsInMemory(): PlacementStore {
  let days: readonly PlacementDay[] = [];
  return {
    async change(change) {
      days = change(days);
      return days;
    },
  };
}

/** In the cluster, in the namespace where Surefoot is. */
export function placementsInCluster(config: KubeConfig, namespace: string): PlacementStore {
  const api = configMaps(config, namespace);
  return {
    async change(change) {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await changeOnce(api, change);
        } catch (error) {
          if (httpStatusOf(error) !== 409 || attempt === MOST_ATTEMPTS) throw error;
        }
      }
    },
  };
}

/** The days that are stored; none where there is no such object. */
export async function storedPlacements(
  config: KubeConfig,
  namespace: string,
): Promise<readonly PlacementDay[]> {
  return daysIn(await configMaps(config, namespace).find(PLACEMENTS_NAME));
}

/** The days in the object, the oldest first, without what cannot be read. */
export function daysIn(object: ConfigMap | undefined): readonly PlacementDay[] {
  return Object.entries(object?.data ?? {})
    .flatMap(([day, text]) => {
      const read = DAY.test(day) ? daySchema.safeParse(parseJsonText(text)) : undefined;
      return read?.success === true ? [{ day, ...read.data }] : [];
    })
    .sort((a, b) => a.day.localeCompare(b.day));
}

async function changeOnce(
  api: ApiObjects<ConfigMap>,
  change: Parameters<PlacementStore['change']>[0],
): Promise<readonly PlacementDay[]> {
  const signal = AbortSignal.timeout(MOST_WAIT_MS);
  const object = await api.get(PLACEMENTS_NAME, signal);
  const before = daysIn(object);
  const after = change(before);
  if (after === before) return before;
  // What cannot be read is somebody's, and stays.
  const data = { ...object.data };
  for (const { day } of before) delete data[day];
  for (const { day, ...sums } of after) data[day] = JSON.stringify(sums);
  await api.replace(PLACEMENTS_NAME, { ...object, data }, { signal });
  return after;
}
