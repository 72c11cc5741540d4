import express from 'express';
import { describe, expect, test } from 'vitest';
import {
  daysIn,
  PLACEMENTS_NAME,
  placementsInCluster,
  storedPlacements,
} from '../../../extender/savings/placement-days.ts';
import { NO_PLACEMENTS, type PlacementDay } from '../../../extender/savings/placement-sums.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

interface ConfigMap {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

/** An API server with the ConfigMap, which refuses a version that is not the latest. */
async function serving(data: Record<string, string> | undefined, conflicts = 0) {
  let object: ConfigMap | undefined = data && {
    metadata: { name: PLACEMENTS_NAME, resourceVersion: '1' },
    data,
  };
  let refusals = conflicts;
  const app = express();
  app.use(express.json());
  const path = `/api/v1/namespaces/surefoot-system/configmaps/${PLACEMENTS_NAME}`;
  app.get(path, (_request, response) => {
    if (object === undefined) response.status(404).json({ code: 404, message: 'not found' });
    else response.json(object);
  });
  app.put(path, (request, response) => {
    const { resourceVersion } = request.body.metadata;
    if (refusals > 0 || resourceVersion !== object?.metadata.resourceVersion) {
      refusals -= 1;
      response.status(409).json({ code: 409, message: 'the object has been modified' });
      return;
    }
    const version = String(Number(resourceVersion) + 1);
    object = { ...request.body, metadata: { name: PLACEMENTS_NAME, resourceVersion: version } };
    response.json(object);
  });
  const config = loadedKubeConfig(await listening(app));
  return {
    config,
    store: placementsInCluster(config, 'surefoot-system'),
    data: () => object?.data,
  };
}

function day(name: string, placed: number): PlacementDay {
  return { day: name, act: { ...NO_PLACEMENTS, placed }, observe: NO_PLACEMENTS };
}

describe('the ConfigMap of placements', () => {
  test('what is written is read again, and a day that has gone is taken out', async () => {
    const { config, store, data } = await serving({});
    await store.change(() => [day('2026-11-29', 3), day('2026-11-30', 4)]);
    expect(await storedPlacements(config, 'surefoot-system')).toEqual([
      day('2026-11-29', 3),
      day('2026-11-30', 4),
    ]);
    await store.change((days) => days.slice(1));
    expect(Object.keys(data() ?? {})).toEqual(['2026-11-30']);
  });

  test('what another replica has written meanwhile is what the change is made of', async () => {
    const { store } = await serving({}, 2);
    expect(await store.change((days) => [...days, day('2026-11-30', 1)])).toHaveLength(1);
  });

  test('a third refusal in a row is told', async () => {
    const { store } = await serving({}, 3);
    await expect(store.change(() => [day('2026-11-30', 1)])).rejects.toThrow('modified');
  });

  test('what cannot be read counts for nothing, and stays', async () => {
    const { store, data } = await serving({
      '2026-11-28': '{"act":',
      '2026-11-29': '{"act":{"placed":"many"}}',
      note: 'written by a person',
    });
    expect(await store.change(() => [day('2026-11-30', 1)])).toHaveLength(1);
    expect(Object.keys(data() ?? {})).toEqual(['2026-11-28', '2026-11-29', 'note', '2026-11-30']);
  });

  test('nothing is written where nothing has changed', async () => {
    const { store } = await serving({}, 9);
    expect(await store.change((days) => days)).toEqual([]);
  });

  test('without the object a report has no days, and the program says what is missing', async () => {
    const { config, store } = await serving(undefined);
    expect(await storedPlacements(config, 'surefoot-system')).toEqual([]);
    await expect(store.change((days) => days)).rejects.toThrow('not found');
  });

  test('an empty object, as the manifests make it', () => {
    expect(daysIn({})).toEqual([]);
  });
});
