import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { FITTED } from '../../../extender/hazard/fitted.ts';
import { fleetRates } from '../../../extender/hazard/rates.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { OLDEST_OF_A_PULL_SECONDS } from '../../../extender/prioritize/forecast-inputs.ts';
import { prioritize } from '../../../extender/prioritize/prioritize.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import { MemoryStore } from '../../../extender/storage/memory.ts';
import type { HistoryListener } from '../../../extender/storage/store.ts';
import { ACTING } from '../../make/configuration.ts';
import {
  EXPECTATIONS,
  GPU,
  makeImages,
  makeIncident,
  makeNode,
  makePodFacts,
} from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const NODES = ['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3'];
const IMAGE = 'registry.example/train:1';
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** A store that has its histories written only when told to. */
class WrittenLater extends MemoryStore {
  readonly #written = new MemoryStore();

  override get(host: string) {
    return this.#written.get(host);
  }

  override draft(host: string) {
    return super.get(host);
  }

  override all() {
    return this.#written.all();
  }

  override subscribe(listener: HistoryListener) {
    super.subscribe(listener);
    this.#written.subscribe(listener);
  }

  write(): void {
    for (const history of super.all()) this.#written.put(history);
  }
}

/** Something that happens to one of the nodes. */
type Happening = readonly [kind: number, node: number, detail: number];

function fleet() {
  const store = new WrittenLater();
  const made = makeIngest({ store });
  const { ingest, cluster } = made;
  let rates = fleetRates([], 0);
  let config = ACTING;
  let uid = 0;
  for (const name of NODES) ingest.nodeChanged(makeNode({ name }), 0);
  ingest.nodeChanged(makeNode({ name: 'else', images: makeImages([IMAGE, 12e9]) }), 0);
  const snapshot = (nowSeconds: number): Snapshot =>
    makeSnapshot(made, { rates, config, nowSeconds });
  const happen = ([kind, which, detail]: Happening, now: number) => {
    const name = NODES[which] ?? 'gpu-0';
    const node = cluster.node(name) ?? makeNode({ name });
    const running = [...cluster.holding(name)][0];
    switch (kind) {
      case 0:
        ingest.nodeChanged({ ...node, images: detail > 1 ? makeImages([IMAGE, 12e9]) : [] }, now);
        break;
      case 1: {
        uid += 1;
        const deviceHealth = [
          { resource: GPU, device: `GPU-${detail}`, health: 'Healthy' as const },
        ];
        const pod = makePodFacts({
          name: `p${uid}`,
          node: name,
          startedAtSeconds: now,
          deviceHealth,
        });
        ingest.podChanged(pod, false, now);
        break;
      }
      case 2:
        if (running === undefined) break;
        ingest.podChanged(
          { ...running, phase: 'Failed', exitCode: 1, endedAtSeconds: now },
          false,
          now,
        );
        break;
      case 3: {
        const history = store.draft(node.host);
        const incident = makeIncident({
          id: `i${now}`,
          device: `GPU-${detail}`,
          closedAtSeconds: now,
        });
        store.put({ ...history, incidents: [...history.incidents, incident] });
        break;
      }
      case 4: {
        uid += 1;
        const { startedAtSeconds: _none, ...waiting } = makePodFacts({
          name: `p${uid}`,
          node: name,
          phase: 'Pending',
          images: [IMAGE],
          boundAtSeconds: now,
        });
        ingest.podChanged(waiting, false, now);
        break;
      }
      case 5:
        // The tag turns out to be a digest that the node lists under another name.
        ingest.nodeChanged(
          {
            ...node,
            images: makeImages([`mirror.example/train@${DIGEST}`, 12e9, DIGEST]),
          },
          now,
        );
        cluster.images.ranOn(
          node,
          makePodFacts({ ran: [{ image: IMAGE, digest: DIGEST, atSeconds: now }] }),
          now,
        );
        break;
      case 6:
        rates = fleetRates([], 0, {
          ...FITTED,
          priorDeviceFaultsPerDay: (1 + detail) * FITTED.priorDeviceFaultsPerDay,
        });
        break;
      case 7:
        store.write();
        break;
      case 8:
        // The image is pushed anew, larger.
        ingest.nodeChanged(
          makeNode({ name: 'else', images: makeImages([IMAGE, (12 + detail) * 1e9]) }),
          now,
        );
        break;
      case 9:
        config = { ...ACTING, pullBytesPerSecond: ACTING.pullBytesPerSecond * (1 + detail) };
        break;
      case 11:
        config = { ...config, wholeNodeSeconds: 100 * detail };
        break;
      case 10: {
        // Another replica knows of more work.
        const { exposure, ...history } = store.draft(node.host);
        store.put({ ...history, exposure: { ...exposure, busyDays: 100 * detail } });
        break;
      }
      default:
        ingest.nodeChanged(
          { ...node, devices: new Map([[GPU, { capacity: 8, allocatable: 8 - detail }]]) },
          now,
        );
    }
  };
  return { snapshot, happen };
}

const asking = makePod({
  metadata: { name: 'asking', uid: 'asking', annotations: { 'surefoot.dev/profile': 'nvidia' } },
});

function lossesOf(snapshot: Snapshot, cache: ForecastCache): Readonly<Record<string, number>> {
  const verdict = prioritize(
    { pod: asking, ...named(NODES, snapshot.cluster.index), sentWholeNodes: false },
    snapshot,
    cache,
  );
  if (verdict.kind !== 'decision') throw new Error('no decision');
  return Object.fromEntries(
    verdict.decision.forecasts.map(({ candidate, lossSeconds }) => [candidate.node, lossSeconds]),
  );
}

/** What such a pod loses on a node that is nobody's home, and the forecast that says so. */
function plainOn(name: string, pod: PodFacts, snapshot: Snapshot, cache: ForecastCache) {
  const nodeIndex = snapshot.cluster.index.of(name);
  const ofKind = cache.forecastsFor(pod, EXPECTATIONS, snapshot);
  const [lossSeconds] = ofKind.lossSecondsOn(Int32Array.of(nodeIndex));
  return { lossSeconds, forecast: ofKind.last(nodeIndex) };
}

describe('forecasts that are kept', () => {
  test('are those that would be made anew, whatever happens', () => {
    const happening = fc.tuple(
      fc.integer({ min: 0, max: 12 }),
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 25 }), (happenings) => {
        const { snapshot, happen } = fleet();
        const kept = new ForecastCache();
        for (const [index, one] of happenings.entries()) {
          const now = 1000 + index;
          happen(one, now);
          kept.renew(snapshot(now), Number.POSITIVE_INFINITY);
          const fresh = lossesOf(snapshot(now), new ForecastCache());
          const at = snapshot(now);
          for (const [node, loss] of Object.entries(lossesOf(at, kept))) {
            const tolerance = at.pulls.isPulling(node) ? OLDEST_OF_A_PULL_SECONDS : 0.01;
            expect(Math.abs(loss - (fresh[node] ?? 0))).toBeLessThanOrEqual(tolerance);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('are kept of hosts, too, of which nothing is known yet', () => {
    const { snapshot } = fleet();
    const made = snapshot(1000);
    const cache = new ForecastCache();
    const now: Snapshot = { ...made, store: new MemoryStore() };
    const pod = makePodFacts({ images: [] });
    const { forecast, lossSeconds } = plainOn('gpu-0', pod, now, cache);
    expect(forecast?.lossSeconds).toBe(lossSeconds);
    expect(plainOn('gpu-0', pod, now, cache).forecast).toBe(forecast);
  });

  test('are not taken for those of another node that has got its index', () => {
    const { snapshot } = fleet();
    const now = snapshot(1000);
    const question = { pod: asking, ...named(NODES, now.cluster.index), sentWholeNodes: false };
    const verdict = prioritize(question, now, new ForecastCache());
    if (verdict.kind !== 'decision') throw new Error('no decision');
    const { forecastOn } = verdict.decision;
    const nodeIndex = now.cluster.index.of('gpu-0');
    expect(forecastOn?.('gpu-0')?.forecast.candidate.node).toBe('gpu-0');
    now.cluster.removeNode(now.cluster.node('gpu-0')?.uid ?? '');
    now.cluster.setNode(makeNode({ name: 'new', uid: 'uid-new', host: 'uuid:new' }));
    expect(now.cluster.index.of('new')).toBe(nodeIndex);
    expect(forecastOn?.('new')).toBeUndefined();
    expect(forecastOn?.('gpu-0')).toBeUndefined();
    expect(forecastOn?.('gpu-1')?.forecast.candidate.node).toBe('gpu-1');
  });

  test('are not kept for claims: which devices are published is not told', () => {
    const { snapshot, happen } = fleet();
    happen([3, 0, 1], 1000);
    happen([7, 0, 0], 1000);
    const published = { seen: () => [{ id: 'GPU-1' }] };
    const now: Snapshot = { ...snapshot(1000), devices: published };
    const cache = new ForecastCache();
    const pod = makePodFacts({ devices: { resources: [], claims: ['gpu'] } });
    const { lossSeconds: broken = 0, forecast } = plainOn('gpu-0', pod, now, cache);
    expect(forecast?.lossSeconds).toBe(broken);
    const later = { ...now, devices: { seen: () => [] } };
    expect(plainOn('gpu-0', pod, later, cache).lossSeconds).not.toBeCloseTo(broken);
  });

  describe('when the fleet has taught something else', () => {
    const asked = (cache: ForecastCache, at: Snapshot) => lossesOf(at, cache);
    const made = () => {
      const { snapshot, happen } = fleet();
      happen([3, 0, 1], 1000);
      happen([7, 0, 0], 1000);
      const kept = new ForecastCache();
      const before = asked(kept, snapshot(1000));
      happen([6, 0, 3], 1001);
      const after = asked(new ForecastCache(), snapshot(1001));
      expect(after).not.toEqual(before);
      return { kept, snapshot, before, after };
    };

    test('are those of before until all are made anew, some at a time', () => {
      const { kept, snapshot, before, after } = made();
      // The four that were asked about, one a time.
      for (let time = 0; time < 3; time += 1) {
        kept.renew(snapshot(1001), 1);
        expect(asked(kept, snapshot(1001))).toEqual(before);
      }
      kept.renew(snapshot(1001), 1);
      expect(asked(kept, snapshot(1001))).toEqual(after);
    });

    test('are made anew for the question once they are too old', () => {
      const { kept, snapshot, before, after } = made();
      expect(asked(kept, snapshot(1179))).toEqual(before);
      expect(asked(kept, snapshot(1180))).toEqual(after);
    });

    test('are dropped of pods that nobody asks about any more', () => {
      const { kept, snapshot, after } = made();
      kept.renew(snapshot(1121), 1);
      expect(asked(kept, snapshot(1121))).toEqual(after);
    });
  });

  test('grow old: after some minutes a hazard is made anew though nothing has happened', () => {
    const { snapshot, happen } = fleet();
    happen([1, 0, 0], 1000);
    happen([3, 0, 1], 1000);
    happen([7, 0, 0], 1000);
    const kept = new ForecastCache();
    lossesOf(snapshot(1000), kept);
    // The pod that runs there has proven the devices for 30 days.
    const later = 1000 + 30 * 86_400;
    expect(lossesOf(snapshot(later), kept)).toEqual(lossesOf(snapshot(later), new ForecastCache()));
  });
});
