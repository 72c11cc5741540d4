import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { forecastInWords } from '../../../extender/forecast/explain.ts';
import { ForecastCache } from '../../../extender/prioritize/forecast-cache.ts';
import { prioritize, type Verdict } from '../../../extender/prioritize/prioritize.ts';
import { named } from '../../../extender/prioritize/wire.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import { ACTING } from '../../make/configuration.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeSnapshot } from '../../make/snapshot.ts';
import { askIn, DEVICE_RATE, NODE_RATE, NOW, type World } from '../../make/world.ts';

/** Same node against flaky against cached: whoever wins, wins by the seconds. */

const GB = 1e9;
const HOUR = 3600;
const DAY = 24 * HOUR;
/** The profile's: no checkpoints, a day of work, five minutes to restart. */
const LOST_PER_FAULT = DAY / 2 + 300;
const COLD = 20;
const HOME = 0;
const pull = (bytes: number) => bytes / (40 * 2 ** 20);
/** Seconds of risk at so many faults a day, for `seconds` of work of which a fault costs `lost`. */
const risk = (perDay: number, lost = LOST_PER_FAULT, seconds = DAY) =>
  (1 - Math.exp((-perDay * seconds) / DAY)) * lost;
/**
 * Faults a day of a host that has worked for 1,000 days without one: both priors of two faults, and what
 * such a device and node could have had by then.
 */
const DECAYED_DAYS = (365 / Math.LN2) * (1 - 2 ** (-1000 / 365));
const proven = (rate: number, faults = 0, times = 1) =>
  ((rate * (2 + faults)) / (2 + rate * DECAYED_DAYS)) * times;
const CLEAN = proven(NODE_RATE) + proven(DEVICE_RATE);
/** One of eight devices with a fault whose days ahead are so many times as bad as usual. */
const oneOf8 = (times: number, faults = 1) =>
  proven(NODE_RATE) + (7 * proven(DEVICE_RATE) + proven(DEVICE_RATE, faults, times)) / 8;
/** All eight, one of them with such a fault. */
const allOf8 = (times: number, faults = 1) =>
  proven(NODE_RATE) + 7 * proven(DEVICE_RATE) + proven(DEVICE_RATE, faults, times);
const CLEAN_8 = proven(NODE_RATE) + 8 * proven(DEVICE_RATE);
/** What a fault counts for after so many busy days. */
const left = (days: number) => 2 ** (-days / 365);

interface Row extends World {
  readonly name: string;
  readonly wins: string;
  readonly costs: Readonly<Record<string, number>>;
}

const rows: readonly Row[] = [
  // Cached against cold.
  {
    name: '12 GB cached beat a cold node by what pulling takes',
    imageBytes: 12 * GB,
    nodes: { cached: { cachedBytes: 12 * GB }, cold: {} },
    wins: 'cached',
    costs: { cached: COLD + risk(CLEAN), cold: COLD + pull(12 * GB) + risk(CLEAN) },
  },
  {
    name: '100 MB cached are worth two seconds',
    imageBytes: 0.1 * GB,
    nodes: { cached: { cachedBytes: 0.1 * GB }, cold: {} },
    wins: 'cached',
    costs: { cached: COLD + risk(CLEAN), cold: COLD + pull(0.1 * GB) + risk(CLEAN) },
  },
  {
    name: 'half of a pull that is under way is waited for',
    imageBytes: 12 * GB,
    nodes: { pulling: { pullingForSeconds: 200 }, cold: {} },
    wins: 'cold',
    // What is left comes at half the pace, beside the other pod's.
    costs: {
      pulling: COLD + 2 * (pull(12 * GB) - 100) + risk(CLEAN),
      cold: COLD + pull(12 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'a pull that is nearly done beats one that has not begun',
    imageBytes: 12 * GB,
    nodes: { pulling: { pullingForSeconds: 500 }, cold: {} },
    wins: 'pulling',
    costs: {
      pulling: COLD + 2 * (pull(12 * GB) - 250) + risk(CLEAN),
      cold: COLD + pull(12 * GB) + risk(CLEAN),
    },
  },
  // Home against the others.
  {
    name: 'home after a crash, 20 s better than a node as warm',
    imageBytes: 12 * GB,
    nodes: { home: { cachedBytes: 12 * GB, leftSecondsAgo: 10 }, cached: { cachedBytes: 12 * GB } },
    wins: 'home',
    costs: { home: HOME + risk(CLEAN), cached: COLD + risk(CLEAN) },
  },
  {
    name: 'home whose image was collected loses to a cached node',
    imageBytes: 12 * GB,
    nodes: { home: { leftSecondsAgo: 10 }, cached: { cachedBytes: 12 * GB } },
    wins: 'cached',
    costs: { home: pull(12 * GB) + risk(CLEAN), cached: COLD + risk(CLEAN) },
  },
  {
    name: 'home whose small image was collected still wins',
    imageBytes: 0.5 * GB,
    nodes: { home: { leftSecondsAgo: 10 }, cached: { cachedBytes: 0.5 * GB } },
    wins: 'home',
    costs: { home: pull(0.5 * GB) + risk(CLEAN), cached: COLD + risk(CLEAN) },
  },
  {
    name: 'a home of more than an hour ago is none any more',
    nodes: { home: { leftSecondsAgo: 2 * HOUR }, other: {} },
    wins: 'tie',
    costs: { home: COLD + risk(CLEAN), other: COLD + risk(CLEAN) },
  },
  {
    name: 'a pod that says it starts cold in 5 min wants its home 5 min worth',
    annotations: { 'surefoot.dev/cold-start': '5m' },
    imageBytes: 12 * GB,
    nodes: { home: { leftSecondsAgo: 10 }, cached: { cachedBytes: 12 * GB } },
    wins: 'home',
    costs: { home: pull(12 * GB) + risk(CLEAN), cached: 300 + risk(CLEAN) },
  },
  // Home against its own fault.
  {
    name: 'home with a device that has just failed loses to a cold node, one GPU of eight',
    imageBytes: 2 * GB,
    nodes: {
      home: { cachedBytes: 2 * GB, leftSecondsAgo: 10, faultsDaysAgo: [0] },
      cold: {},
    },
    wins: 'cold',
    costs: { home: HOME + risk(oneOf8(100)), cold: COLD + pull(2 * GB) + risk(CLEAN) },
  },
  {
    name: 'home with such a device and a checkpoint each ten minutes wins all the same',
    annotations: { 'surefoot.dev/checkpoint': '10m' },
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10, faultsDaysAgo: [0] },
      cold: {},
    },
    wins: 'home',
    costs: {
      home: HOME + risk(oneOf8(100), 600),
      cold: COLD + pull(12 * GB) + risk(CLEAN, 600),
    },
  },
  {
    name: 'all eight GPUs surely meet the bad one',
    gpus: 8,
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10, faultsDaysAgo: [0] },
      cold: {},
    },
    wins: 'cold',
    costs: { home: HOME + risk(allOf8(100)), cold: COLD + pull(12 * GB) + risk(CLEAN_8) },
  },
  {
    name: 'all eight with a checkpoint each ten minutes: 40 s of risk against 286 s of pulling',
    gpus: 8,
    annotations: { 'surefoot.dev/checkpoint': '10m' },
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10, faultsDaysAgo: [0] },
      cold: {},
    },
    wins: 'home',
    costs: {
      home: HOME + risk(allOf8(100), 600),
      cold: COLD + pull(12 * GB) + risk(CLEAN_8, 600),
    },
  },
  {
    name: 'a pod of ten minutes has little to lose on a flaky node',
    annotations: { 'surefoot.dev/expected-duration': '10m' },
    imageBytes: 2 * GB,
    nodes: { flaky: { cachedBytes: 2 * GB, faultsDaysAgo: [0] }, cold: {} },
    wins: 'flaky',
    costs: {
      flaky: COLD + risk(oneOf8(100), 600, 600),
      cold: COLD + pull(2 * GB) + risk(CLEAN, 600, 600),
    },
  },
  {
    name: 'so has one whose earlier runs took ten minutes',
    earlierRuns: [500, 600, 5000],
    imageBytes: 2 * GB,
    nodes: { flaky: { cachedBytes: 2 * GB, faultsDaysAgo: [0] }, cold: {} },
    wins: 'flaky',
    costs: {
      flaky: COLD + risk(oneOf8(100), 600, 600),
      cold: COLD + pull(2 * GB) + risk(CLEAN, 600, 600),
    },
  },
  {
    name: 'what the pod says itself counts before its earlier runs',
    earlierRuns: [500, 600, 5000],
    annotations: { 'surefoot.dev/expected-duration': '24h' },
    imageBytes: 2 * GB,
    nodes: { flaky: { cachedBytes: 2 * GB, faultsDaysAgo: [0] }, cold: {} },
    wins: 'cold',
    costs: {
      flaky: COLD + risk(oneOf8(100)),
      cold: COLD + pull(2 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'what says a day, and was started anew each hour or two, is placed for so long',
    earlierStays: [7200, 3600, 9000],
    annotations: { 'surefoot.dev/expected-duration': '24h' },
    imageBytes: 2 * GB,
    nodes: { flaky: { cachedBytes: 2 * GB, faultsDaysAgo: [0] }, cold: {} },
    wins: 'flaky',
    costs: {
      flaky: COLD + risk(oneOf8(100), 3900, 7200),
      cold: COLD + pull(2 * GB) + risk(CLEAN, 3900, 7200),
    },
  },
  // How a fault fades.
  {
    name: 'three busy days after a fault: 30 times as likely',
    imageBytes: 1 * GB,
    nodes: { flaky: { cachedBytes: 1 * GB, faultsDaysAgo: [3] }, cold: {} },
    wins: 'cold',
    costs: {
      flaky: COLD + risk(oneOf8(30, left(3))),
      cold: COLD + pull(1 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'two busy months after: 20 times',
    imageBytes: 1 * GB,
    nodes: { flaky: { cachedBytes: 1 * GB, faultsDaysAgo: [60] }, cold: {} },
    wins: 'cold',
    costs: {
      flaky: COLD + risk(oneOf8(20, left(60))),
      cold: COLD + pull(1 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'a quarter after: only half as likely again as any other, and the image wins',
    imageBytes: 1 * GB,
    nodes: { flaky: { cachedBytes: 1 * GB, faultsDaysAgo: [100] }, cold: {} },
    wins: 'flaky',
    costs: {
      flaky: COLD + risk(oneOf8(1, left(100))),
      cold: COLD + pull(1 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'a larger image outweighs the fault of two months ago',
    imageBytes: 20 * GB,
    nodes: { flaky: { cachedBytes: 20 * GB, faultsDaysAgo: [60] }, cold: {} },
    wins: 'flaky',
    costs: {
      flaky: COLD + risk(oneOf8(20, left(60))),
      cold: COLD + pull(20 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'of two flaky nodes the one that failed longer ago',
    nodes: { fresh: { faultsDaysAgo: [0] }, older: { faultsDaysAgo: [20] } },
    wins: 'older',
    costs: { fresh: COLD + risk(oneOf8(100)), older: COLD + risk(oneOf8(30, left(20))) },
  },
  {
    name: 'two bad devices are worse than one',
    nodes: { one: { faultsDaysAgo: [3] }, two: { faultsDaysAgo: [3, 3] } },
    wins: 'one',
    costs: {
      one: COLD + risk(oneOf8(30, left(3))),
      two:
        COLD +
        risk(
          proven(NODE_RATE) + (6 * proven(DEVICE_RATE) + 2 * proven(DEVICE_RATE, left(3), 30)) / 8,
        ),
    },
  },
  {
    name: 'a fault of the whole node strikes one GPU as surely as eight',
    nodes: { struck: { incidents: [{ scope: 'node', endedAtBusyDays: 1000 }] }, clean: {} },
    wins: 'clean',
    costs: {
      struck: COLD + risk(proven(NODE_RATE, 1, 100) + proven(DEVICE_RATE)),
      clean: COLD + risk(CLEAN),
    },
  },
  {
    name: 'a fault that was probably none counts for as much as it was probable',
    nodes: {
      doubtful: { incidents: [{ device: 'GPU-0', probability: 0.1, endedAtBusyDays: 1000 }] },
      clean: {},
    },
    wins: 'clean',
    costs: {
      doubtful:
        COLD +
        risk(
          proven(NODE_RATE) +
            (7 * proven(DEVICE_RATE) + proven(DEVICE_RATE, 0.1, 1 + 0.1 * 99)) / 8,
        ),
      clean: COLD + risk(CLEAN),
    },
  },
  {
    name: 'a fault that was forgiven counts for nothing',
    nodes: {
      forgiven: {
        incidents: [
          { device: 'GPU-0', endedAtBusyDays: 1000, forgiven: { atSeconds: 0, reason: 'cable' } },
        ],
      },
      clean: {},
    },
    wins: 'tie',
    costs: { forgiven: COLD + risk(CLEAN), clean: COLD + risk(CLEAN) },
  },
  {
    name: 'a fault of another resource is none of ours',
    nodes: {
      other: { incidents: [{ resource: 'amd.com/gpu', endedAtBusyDays: 1000 }] },
      clean: {},
    },
    wins: 'tie',
    costs: { other: COLD + risk(CLEAN), clean: COLD + risk(CLEAN) },
  },
  // Somebody else's home.
  {
    name: 'a spare is better than the home of another group, by what that would lose',
    imageBytes: 12 * GB,
    gpus: 8,
    nodes: {
      theirs: { cachedBytes: 12 * GB, homeOfAnother: true },
      spare: { cachedBytes: 12 * GB },
    },
    wins: 'spare',
    // The spare has their image, so only the cold start is lost, nine times in ten.
    costs: { theirs: COLD + 0.9 * COLD + risk(CLEAN_8), spare: COLD + risk(CLEAN_8) },
  },
  {
    name: 'one GPU beside a home of eight displaces it all the same',
    imageBytes: 12 * GB,
    nodes: { theirs: { homeOfAnother: true }, spare: {} },
    wins: 'spare',
    costs: {
      theirs: COLD + pull(12 * GB) + 0.9 * COLD + risk(CLEAN),
      spare: COLD + pull(12 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'somebody else’s home with the image beats a spare without',
    imageBytes: 2 * GB,
    nodes: { theirs: { cachedBytes: 2 * GB, homeOfAnother: true }, spare: {} },
    wins: 'spare',
    // There is no spare with their image, so they would pull as well.
    costs: {
      theirs: COLD + 0.9 * (COLD + pull(2 * GB)) + risk(CLEAN),
      spare: COLD + pull(2 * GB) + risk(CLEAN),
    },
  },
  // All three at once.
  {
    name: 'home flaky, another cached, a third cold: the cached one',
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10, faultsDaysAgo: [0] },
      cached: { cachedBytes: 12 * GB },
      cold: {},
    },
    wins: 'cached',
    costs: {
      home: HOME + risk(oneOf8(100)),
      cached: COLD + risk(CLEAN),
      cold: COLD + pull(12 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'home flaky since a quarter, another cached: home',
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10, faultsDaysAgo: [100] },
      cached: { cachedBytes: 12 * GB },
    },
    wins: 'home',
    costs: { home: HOME + risk(oneOf8(1, left(100))), cached: COLD + risk(CLEAN) },
  },
  {
    name: 'home, cached but flaky, and cold: home',
    imageBytes: 12 * GB,
    nodes: {
      home: { cachedBytes: 12 * GB, leftSecondsAgo: 10 },
      cached: { cachedBytes: 12 * GB, faultsDaysAgo: [3] },
      cold: {},
    },
    wins: 'home',
    costs: {
      home: HOME + risk(CLEAN),
      cached: COLD + risk(oneOf8(30, left(3))),
      cold: COLD + pull(12 * GB) + risk(CLEAN),
    },
  },
  {
    name: 'only flaky nodes: the least bad, never none',
    nodes: { bad: { faultsDaysAgo: [0, 0, 0] }, worse: { faultsDaysAgo: [0, 0, 0, 0] } },
    wins: 'bad',
    costs: {
      bad:
        COLD +
        risk(proven(NODE_RATE) + (5 * proven(DEVICE_RATE) + 3 * proven(DEVICE_RATE, 1, 100)) / 8),
      worse:
        COLD +
        risk(proven(NODE_RATE) + (4 * proven(DEVICE_RATE) + 4 * proven(DEVICE_RATE, 1, 100)) / 8),
    },
  },
  {
    name: 'an image that no node lists costs the same on all',
    nodes: { one: {}, other: {} },
    wins: 'tie',
    costs: { one: COLD + risk(CLEAN), other: COLD + risk(CLEAN) },
  },
];

describe('where the pod loses least', () => {
  test.each(rows)('$name', ({ wins, costs, ...world }) => {
    const { seconds, best } = askIn(world);
    for (const [node, cost] of Object.entries(costs)) expect(seconds[node]).toBeCloseTo(cost, 1);
    expect(Object.keys(seconds)).toHaveLength(Object.keys(costs).length);
    if (wins === 'tie') expect(best).toHaveLength(1);
    else expect(best).toEqual([wins]);
  });
});

describe('where whole nodes are wanted', () => {
  const costs = (gpus: string, devices = makeNode().devices) => {
    const made = makeIngest();
    for (const name of ['in use', 'whole']) {
      made.ingest.nodeChanged(makeNode({ name, devices }), 0);
    }
    made.ingest.podChanged(makePodFacts({ node: 'in use' }), false, 0);
    const config = { ...ACTING, wholeNodeSeconds: 900 };
    const snapshot = makeSnapshot(made, { nowSeconds: 100, config });
    const quantity = { [GPU]: gpus };
    const asking = makePod({
      metadata: { name: 'x', uid: 'x', annotations: { 'surefoot.dev/profile': 'nvidia' } },
      container: { resources: { requests: quantity, limits: quantity } },
    });
    const question = { pod: asking, ...named(['in use', 'whole'], snapshot.cluster.index) };
    const verdict = prioritize(
      { ...question, sentWholeNodes: false },
      snapshot,
      new ForecastCache(),
    );
    if (verdict.kind !== 'decision') throw new Error('no decision');
    return Object.fromEntries(
      verdict.decision.forecasts.map(({ candidate, seconds }) => [
        candidate.node,
        seconds.fragmentation,
      ]),
    );
  };

  test('a pod of one GPU is asked to leave them whole', () => {
    expect(costs('1')).toEqual({ 'in use': 0, whole: 900 });
  });

  test('a pod of eight may have them', () => {
    expect(costs('8')).toMatchObject({ whole: 0 });
  });

  test('one that lacks a device is whole no more', () => {
    expect(costs('1', new Map([[GPU, { capacity: 8, allocatable: 7 }]]))).toMatchObject({
      whole: 0,
    });
  });
});

describe('a scheduler that has seen more than we have', () => {
  /** Three nodes; by what we have seen, two of them are still held by a group that starts again. */
  function late(slot: string, holders: Partial<PodFacts> = {}) {
    const made = makeIngest();
    for (const name of ['a', 'b', 'spare']) made.ingest.nodeChanged(makeNode({ name }), 0);
    for (const [index, node] of ['a', 'b'].entries()) {
      const held = makePodFacts({
        name: `old-${index}`,
        node,
        devices: { resources: [{ resource: GPU, count: 8 }], claims: [] },
        slot: slotOf(groupPod(String(index))),
        ...holders,
      });
      made.ingest.podChanged(held, false, 0);
    }
    const snapshot = makeSnapshot(made, { nowSeconds: 100 });
    const question = { pod: groupPod(slot), ...named(['a', 'b', 'spare'], snapshot.cluster.index) };
    const verdict = prioritize(
      { ...question, sentWholeNodes: false },
      snapshot,
      new ForecastCache(),
    );
    if (verdict.kind !== 'decision') throw new Error('no decision');
    return Object.fromEntries(
      verdict.decision.forecasts.map(({ candidate, seconds }) => [
        candidate.node,
        [seconds.cold, seconds.displaced],
      ]),
    );
  }

  const groupPod = (index: string) => {
    const eight = { [GPU]: '8' };
    return makePod({
      metadata: {
        name: `new-${index}`,
        uid: `new-${index}`,
        annotations: {
          'surefoot.dev/profile': 'nvidia',
          'batch.kubernetes.io/job-completion-index': index,
        },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'group', controller: true }],
      },
      container: { resources: { requests: eight, limits: eight } },
    });
  };

  test('a slot comes home though its last pod has not been seen to leave', () => {
    expect(late('0')).toEqual({ a: [0, 0], b: [COLD, COLD], spare: [COLD, 0] });
  });

  test('a slot without a home leaves those of its siblings to them', () => {
    expect(late('2')).toEqual({ a: [COLD, COLD], b: [COLD, COLD], spare: [COLD, 0] });
  });

  test("what another workload holds is nobody's home yet", () => {
    const slot = { key: 'x', workload: 'team-b/Job/other', interchangeable: false };
    expect(late('2', { slot })).toEqual({ a: [COLD, 0], b: [COLD, 0], spare: [COLD, 0] });
  });

  test('interchangeable replicas may have been scaled up: none of them is known to leave', () => {
    const slot = { key: 'team-a/Job/group', workload: 'team-a/Job/group', interchangeable: true };
    expect(late('2', { slot })).toEqual({ a: [COLD, 0], b: [COLD, 0], spare: [COLD, 0] });
  });
});

describe('whatever the cluster is like', () => {
  const anyNode = fc.record({
    cachedBytes: fc.constantFrom(1, 12 * GB),
    faultsDaysAgo: fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 4 }),
    leftSecondsAgo: fc.constantFrom(10, 100_000),
  });
  const anyNodes = fc.array(anyNode, { minLength: 1, maxLength: 5 });
  const world = (nodes: readonly object[]): World => ({
    imageBytes: 12 * GB,
    nodes: Object.fromEntries(nodes.map((node, index) => [`gpu-${index}`, node])),
  });

  test('one more fault never helps a node', () => {
    fc.assert(
      fc.property(anyNode, fc.double({ min: 0, max: 400, noNaN: true }), (node, daysAgo) => {
        const worse = { ...node, faultsDaysAgo: [...node.faultsDaysAgo, daysAgo] };
        const { seconds } = askIn({ nodes: { node, worse: { ...worse } }, imageBytes: 12 * GB });
        const alone = askIn({ nodes: { node }, imageBytes: 12 * GB }).seconds;
        const more = askIn({ nodes: { node: worse }, imageBytes: 12 * GB }).seconds;
        expect(more.node).toBeGreaterThanOrEqual((alone.node as number) - 1e-9);
        expect(Object.keys(seconds)).toHaveLength(2);
      }),
      { numRuns: 40 },
    );
  });

  test('an image that is there never hurts', () => {
    fc.assert(
      fc.property(anyNode, ({ cachedBytes: _none, ...node }) => {
        const at = (special: object) =>
          askIn({ nodes: { node: special, other: {} }, imageBytes: 12 * GB }).seconds
            .node as number;
        expect(at({ ...node, cachedBytes: 12 * GB })).toBeLessThanOrEqual(at(node));
      }),
      { numRuns: 40 },
    );
  });

  test('whoever asks later, when the pod is bound, hears of each node what the scheduler did', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const { verdict, answer, seconds } = askIn(world(nodes));
        if (verdict.kind !== 'decision') throw new Error('no decision');
        const { scores, forecastOn } = verdict.decision;
        expect(scores.toSorted(byNode)).toEqual(answer.toSorted(byNode));
        for (const node of Object.keys(world(nodes).nodes)) {
          const later = forecastOn?.(node);
          expect(later?.forecast.lossSeconds).toBe(seconds[node]);
          expect(later?.score).toBe(answer.find((level) => level.node === node)?.score);
        }
        expect(forecastOn?.('unheard-of')).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });

  test('of many nodes the best and the worst are kept with what was said of them, the others looked up', () => {
    const nodes = Object.fromEntries(
      Array.from({ length: 40 }, (_none, index) => [
        `gpu-${index}`,
        { cachedBytes: index < 10 ? 12 * GB : 0, faultsDaysAgo: index > 34 ? [1] : [] },
      ]),
    );
    const { verdict, answer } = askIn({ nodes, imageBytes: 12 * GB });
    if (verdict.kind !== 'decision') throw new Error('no decision');
    const { forecasts, scores, forecastOn } = verdict.decision;
    const kept = forecasts.map(({ candidate }) => candidate.node);
    expect(new Set(kept).size).toBe(16);
    expect(scores.toSorted(byNode)).toEqual(
      answer.filter(({ node }) => kept.includes(node)).toSorted(byNode),
    );
    expect(scores.length).toBeGreaterThan(0);
    for (const node of Object.keys(nodes)) {
      expect(forecastOn?.(node)?.score).toBe(answer.find((level) => level.node === node)?.score);
    }
  });

  test('the order in which nodes are asked about is irrelevant, and scores stay within bounds', () => {
    fc.assert(
      fc.property(anyNodes, (nodes) => {
        const { answer } = askIn(world(nodes));
        const asked = Object.keys(world(nodes).nodes).toReversed();
        const turned = askIn({ ...world(nodes), asked }).answer;
        expect(answer.length).toBeGreaterThan(0);
        expect(turned.toSorted(byNode)).toEqual(answer.toSorted(byNode));
        for (const { score } of answer) {
          expect(Number.isInteger(score)).toBe(true);
          expect(Math.abs(score)).toBeLessThanOrEqual(50);
        }
      }),
      { numRuns: 40 },
    );
  });
});

function byNode(a: { readonly node: string }, b: { readonly node: string }): number {
  return a.node.localeCompare(b.node);
}

test('how much its device matters sends a pod to three nodes of one fleet, and the sentence says so', () => {
  const imageBytes = 10 * 2 ** 30;
  const ask = (matters: string) =>
    askIn({
      gpus: 8,
      imageBytes,
      nodes: {
        clean: {},
        'some faults': { cachedBytes: imageBytes, faultsDaysAgo: [1, 2] },
        'home, and worse': {
          cachedBytes: imageBytes,
          faultsDaysAgo: [1, 2, 3, 4],
          leftSecondsAgo: 60,
        },
      },
      annotations: {
        'surefoot.dev/device-matters': matters,
        'surefoot.dev/cold-start': '2m',
        'surefoot.dev/checkpoint': '4h',
      },
    });
  expect(ask('required').best).toEqual(['clean']);
  expect(ask('degraded-ok').best).toEqual(['some faults']);
  expect(ask('optional').best).toEqual(['home, and worse']);
  // What nobody knows is as if it were required, and said.
  const unknown = ask('sometimes');
  expect(unknown.best).toEqual(['clean']);
  const { decision } = unknown.verdict as Extract<Verdict, { kind: 'decision' }>;
  expect(decision.remarks.map(({ words }) => words)).toContain(
    'the annotation surefoot.dev/device-matters is "sometimes", not "required", "degraded-ok" or "optional"; "required" counts',
  );
  const told = ask('optional').verdict as Extract<Verdict, { kind: 'decision' }>;
  const worst = told.decision.forecastOn?.('home, and worse')?.forecast;
  expect(worst && forecastInWords(worst, NOW)).toContain(
    ', of which 10 % count for a device that is optional',
  );
});
