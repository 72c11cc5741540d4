import { describe, expect, test } from 'vitest';
import { announcedWork } from '../../../extender/facts/announced.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { EXPECTATIONS, makePodFacts } from '../../make/facts.ts';
import { makeCondition, makeIngest, makeMarkedNode } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const upgrade = (state: string) => ({
  labels: { 'nvidia.com/gpu-driver-upgrade-state': state },
});

describe('work that is announced', () => {
  test.each([
    {
      name: 'a driver upgrade that waits for its turn',
      marks: upgrade('upgrade-required'),
      is: 'the node waits for its turn to get another GPU driver',
    },
    { name: 'one that is done', marks: upgrade('upgrade-done'), is: undefined },
    {
      name: 'a maintenance condition',
      marks: { conditions: [makeCondition('MaintenancePlanned', 'True')] },
      is: 'maintenance that somebody has announced',
    },
    { name: 'a cordon: no pod comes there', marks: { isCordoned: true }, is: undefined },
  ])('$name', ({ marks, is }) => {
    expect(announcedWork(makeMarkedNode(marks))).toBe(is);
  });

  test('makes a node dearer for long pods, at once, and nothing is held against it', () => {
    const made = makeIngest();
    const { ingest, cluster, historyOf } = made;
    const cache = new ForecastCache();
    const { node: _none, ...pod } = makePodFacts({ phase: 'Pending' });
    const secondsFor = (durationSeconds: number) => {
      const expectations = { ...EXPECTATIONS, durationSeconds, checkpointSeconds: 3600 };
      const snapshot = makeSnapshot(made, { nowSeconds: 1000 });
      const kind = cache.forecastsFor({ ...pod, expectations }, expectations, snapshot);
      kind.lossSecondsOn(Int32Array.of(cluster.index.of('gpu-1')));
      return kind.last(cluster.index.of('gpu-1'))?.seconds.announced;
    };
    ingest.nodeChanged(makeMarkedNode({}), 0);
    expect(secondsFor(86_400)).toBe(0);
    ingest.nodeChanged(makeMarkedNode(upgrade('upgrade-required')), 500);
    // The chance that it comes within the day, times half a checkpoint interval and a restart.
    expect(secondsFor(86_400)).toBeCloseTo((1 - Math.exp(-1)) * 2100, 6);
    expect(secondsFor(1500)).toBeLessThan(20);
    ingest.nodeChanged(makeMarkedNode({}), 900);
    expect(secondsFor(86_400)).toBe(0);
    expect(historyOf('gpu-1').maintenance).toBeUndefined();
    expect(historyOf('gpu-1').incidents).toEqual([]);
  });
});
