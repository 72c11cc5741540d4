import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Forecast } from '../../../extender/forecast/loss.ts';
import { LOSS_TERMS } from '../../../extender/forecast/loss-terms.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import type { Departure } from '../../../extender/homes/departure.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { NodeForecasts } from '../../../extender/prioritize/node-forecasts.ts';
import { prioritize } from '../../../extender/prioritize/prioritize.ts';
import { SpareNodes } from '../../../extender/prioritize/spare-nodes.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import type { Slot } from '../../../webhook/words/workload.ts';
import { ACTING } from '../../make/configuration.ts';
import { EXPECTATIONS, GPU, makeImages, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const NODES = ['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3', 'gpu-4'];
const IMAGE = 'registry.example/train:1';
/** Nobody who asks needs it. */
const OTHER_IMAGE = 'registry.example/data:1';
const DIGEST = `sha256:${'a'.repeat(64)}`;

function owned(kind: string, name: string, index?: number): Pod {
  return makePod({
    metadata: {
      name: `${name}-${index ?? 'x'}`,
      uid: `uid-${name}-${index ?? 'x'}`,
      annotations: {
        'surefoot.dev/profile': 'nvidia',
        ...(index !== undefined && { 'batch.kubernetes.io/job-completion-index': String(index) }),
      },
      ownerReferences: [{ apiVersion: 'batch/v1', kind, name, controller: true }],
    },
  });
}

/** Who asks: nodeIndexes of two groups, replicas, and somebody who has nobody away. */
const ASKING = [
  owned('Job', 'one', 0),
  owned('Job', 'one', 1),
  owned('Job', 'two', 0),
  owned('ReplicaSet', 'serve'),
  owned('Job', 'other', 0),
];

/** Who leaves. */
const SLOTS: readonly Slot[] = [
  ...[0, 1, 2].map((index) => numbered('team-a/Job/one', index)),
  ...[0, 1].map((index) => numbered('team-a/Job/two', index)),
  { key: 'team-a/ReplicaSet/serve', workload: 'team-a/ReplicaSet/serve', interchangeable: true },
];

function numbered(workload: string, index: number): Slot {
  return { key: `${workload}/${index}`, workload, interchangeable: false };
}

/** Something that happens: to a node, and to a slot. */
type Happening = readonly [kind: number, node: number, slot: number, detail: number];

function fleet() {
  const made = makeIngest();
  const { ingest, cluster } = made;
  const { homes } = ingest;
  const rates = fleetRates([], 0);
  let config = ACTING;
  let uid = 0;
  for (const name of NODES) ingest.nodeChanged(makeNode({ name }), 0);
  const snapshot = (nowSeconds: number): Snapshot =>
    makeSnapshot(made, { rates, config, nowSeconds });
  const happen = ([kind, which, who, detail]: Happening, now: number) => {
    const name = NODES[which] as string;
    const node = cluster.node(name) ?? makeNode({ name });
    const slot = SLOTS[who] as Slot;
    const running = [...cluster.holding(name)][0];
    switch (kind) {
      case 0:
        ingest.nodeChanged(
          { ...node, images: detail > 0 ? makeImages([IMAGE, (11 + detail) * 1e9]) : [] },
          now,
        );
        break;
      case 1: {
        uid += 1;
        const pod = makePodFacts({
          name: `p${uid}`,
          node: name,
          slot,
          images: [IMAGE],
          devices: { resources: [{ resource: GPU, count: 1 + 2 * detail }], claims: [] },
          startedAtSeconds: now - 40 * (1 + detail),
        });
        ingest.podChanged(pod, false, now);
        break;
      }
      case 2:
        // It has begun to end, or has ended already.
        if (running === undefined) break;
        ingest.podChanged(
          detail > 1
            ? { ...running, isTerminating: true }
            : { ...running, phase: 'Failed', exitCode: 1, endedAtSeconds: now },
          false,
          now,
        );
        break;
      case 3:
        if (running !== undefined) ingest.podRemoved(running.uid, now);
        break;
      case 4:
        homes.left(departure(slot, name, detail, now));
        break;
      case 5:
        homes.returned(slot, name);
        break;
      case 6:
        homes.release(slot.workload, ({ slot: { key } }) => key !== slot.key);
        break;
      case 7:
        homes.prune(now);
        break;
      case 8:
        config = { ...ACTING, pullBytesPerSecond: ACTING.pullBytesPerSecond * (1 + detail) };
        break;
      default:
        // The tag turns out to be a digest that nodes list under another name.
        ingest.nodeChanged(
          { ...node, images: makeImages([`mirror.example/train@${DIGEST}`, 12e9, DIGEST]) },
          now,
        );
        cluster.images.ranOn(
          node,
          makePodFacts({ ran: [{ image: IMAGE, digest: DIGEST, atSeconds: now }] }),
          now,
        );
    }
  };
  return { snapshot, happen, ingest, homes };
}

function departure(slot: Slot, node: string, detail: number, now: number): Departure {
  return {
    slot,
    podUid: `gone-${slot.key}`,
    node,
    cause: detail === 3 ? 'device fault' : 'crashed',
    atSeconds: now,
    ranSeconds: 100,
    devices: { resources: [{ resource: GPU, count: 8 - (detail % 3) }], claims: [] },
    images: detail > 1 ? [] : [IMAGE],
    coldStartForOthersSeconds: 20,
    homeUntilSeconds: now + 5 + 10 * detail,
  };
}

/** What the pod is forecast to lose on each node. */
function forecastsOf(
  pod: Pod,
  snapshot: Snapshot,
  cache: ForecastCache,
): readonly (Forecast | undefined)[] {
  const verdict = prioritize(
    { pod, ...named(NODES, snapshot.cluster.index), sentWholeNodes: false },
    snapshot,
    cache,
  );
  if (verdict.kind !== 'decision') throw new Error('no decision');
  const { forecastOn } = verdict.decision;
  return NODES.map((name) => forecastOn?.(name)?.forecast);
}

/** What of it has to do with homes. */
function atHomesOf(pod: Pod, snapshot: Snapshot, cache: ForecastCache) {
  return forecastsOf(pod, snapshot, cache).map((forecast) => {
    const { seconds, candidate } = forecast ?? {};
    const { cold, displaced } = seconds ?? {};
    return { cold, displaced, displacedSlots: candidate?.displacedSlots };
  });
}

describe('forecasts that are kept of homes', () => {
  test('are those that would be made anew, whoever asks and whatever happens', () => {
    const happening = fc.tuple(
      fc.integer({ min: 0, max: 9 }),
      fc.integer({ min: 0, max: NODES.length - 1 }),
      fc.integer({ min: 0, max: SLOTS.length - 1 }),
      fc.integer({ min: 0, max: 3 }),
    );
    let displaced = 0;
    fc.assert(
      fc.property(fc.array(happening, { minLength: 10, maxLength: 30 }), (happenings) => {
        const { snapshot, happen } = fleet();
        const kept = new ForecastCache();
        for (const [index, one] of happenings.entries()) {
          const now = 1000 + index;
          happen(one, now);
          for (const pod of ASKING) {
            const fresh = atHomesOf(pod, snapshot(now), new ForecastCache());
            expect(atHomesOf(pod, snapshot(now), kept)).toEqual(fresh);
            displaced += fresh.filter(({ displacedSlots = 0 }) => displacedSlots > 0).length;
          }
        }
      }),
      { numRuns: 300 },
    );
    // There was something to keep.
    expect(displaced).toBeGreaterThan(1000);
  });

  test('are made anew only where somebody has left or is back', () => {
    const { snapshot, homes } = fleet();
    for (const [index, node] of NODES.slice(0, 3).entries()) {
      homes.left(departure(SLOTS[index] as Slot, node, 0, 1000));
    }
    const kept = new ForecastCache();
    const asked = () => forecastsOf(ASKING[4] as Pod, snapshot(1001), kept);
    const before = asked();
    expect(before.map((one) => one?.candidate.displacedSlots)).toEqual([1, 1, 1, 0, 0]);
    homes.returned(SLOTS[1] as Slot, 'gpu-4');
    const after = asked();
    expect(after.map((one) => one?.candidate.displacedSlots)).toEqual([1, 0, 1, 0, 0]);
    expect([after[0], after[2]].map((one) => before.includes(one))).toEqual([true, true]);
  });

  describe('hold no more when something has changed that no node tells', () => {
    const asker = ASKING[4] as Pod;
    const made = () => {
      const { snapshot, ingest, homes } = fleet();
      const images = makeImages([OTHER_IMAGE, 12e9], [IMAGE, 1e9]);
      ingest.nodeChanged(makeNode({ name: 'gpu-0', images }), 1000);
      homes.left({ ...departure(SLOTS[0] as Slot, 'gpu-0', 0, 1000), images: [OTHER_IMAGE] });
      const kept = new ForecastCache();
      const displacedOn = (now: Snapshot) => atHomesOf(asker, now, kept)[0]?.displaced;
      const before = displacedOn(snapshot(1001));
      return { before, now: snapshot(1001), displacedOn };
    };

    test('nothing has', () => {
      const { before, now, displacedOn } = made();
      expect(displacedOn(now)).toBe(before);
    });

    test('another bandwidth is expected than was learned', () => {
      const { before, now, displacedOn } = made();
      const { pullBytesPerSecond } = now.config;
      const config = { ...now.config, pullBytesPerSecond: pullBytesPerSecond * 2 };
      now.pulls.bytesPerSecondIn = () => pullBytesPerSecond;
      expect(displacedOn({ ...now, config })).toBeLessThan(before ?? 0);
    });

    test('the image turns out to be smaller than its home has said', () => {
      const { before, now, displacedOn } = made();
      now.cluster.images.listed(makeNode({ images: makeImages([OTHER_IMAGE, 1e9]) }));
      expect(displacedOn(now)).toBeLessThan(before ?? 0);
    });
  });

  test('are kept of four groups that leave at the same time, and counted with the others', () => {
    const { snapshot, homes } = fleet();
    homes.left(departure(SLOTS[0] as Slot, 'gpu-0', 0, 1000));
    const now = snapshot(1001);
    const pod = makePodFacts();
    const forecasts = new NodeForecasts(pod, EXPECTATIONS, LOSS_TERMS, now);
    const { nodeIndexes } = named(NODES, now.cluster.index);
    forecasts.lossSecondsOn(nodeIndexes, now);
    expect(forecasts.count).toBe(NODES.length);
    const first = forecasts.homeForecastsFor('first');
    const spareNodes = new SpareNodes(nodeIndexes, new Uint8Array(), now);
    const plain = forecasts.last(nodeIndexes[0] as number) as Forecast;
    first.begin(spareNodes, now);
    first.keep(nodeIndexes[0] as number, plain, plain, now);
    expect(forecasts.count).toBe(NODES.length + 1);
    for (const relation of ['b', 'c', 'd']) forecasts.homeForecastsFor(relation);
    expect(forecasts.homeForecastsFor('first')).toBe(first);
    forecasts.homeForecastsFor('e');
    expect(forecasts.homeForecastsFor('first')).not.toBe(first);
    expect(forecasts.count).toBe(NODES.length);
  });
});
