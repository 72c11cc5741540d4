import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { podFacts } from '../../../extender/facts/pods.ts';
import { releaseMetrics } from '../../../extender/release/metrics.ts';
import { Releaser } from '../../../extender/release/releaser.ts';
import { releaseSchema } from '../../../extender/release/settings.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { FakeEvictor, FakeReleaseStore } from '../../fake/evictor.ts';
import { GPU, makeNode } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const BEGUN = 1_000_000;
const PROFILES = [makeProfile({ checkpoint: '1h' })];

/** Some nodes, as the API server and its watch show them, and replicas that release pods from them. */
function atWork(rules: object = {}, nodes = 6) {
  let nowSeconds = BEGUN;
  const { engine, ingest, cluster } = makeIngest({ profiles: PROFILES });
  const evictor = new FakeEvictor();
  const store = new FakeReleaseStore();
  const told: string[] = [];
  let settings = rulesOf(rules);
  for (let at = 1; at <= nodes; at += 1) ingest.nodeChanged(makeNode({ name: `gpu-${at}` }), BEGUN);
  const see = (pod: Pod) => {
    evictor.pods.set(`${pod.metadata.namespace}/${pod.metadata.name}`, pod);
    ingest.podChanged(podFacts(pod, PROFILES), false, nowSeconds);
  };
  const replica = () => {
    let isLeader = true;
    let stale: string | undefined;
    const releaser = new Releaser({
      snapshot: () => engine.snapshot(nowSeconds),
      settings: () => settings,
      decide: (pod, names) =>
        engine.decide(
          pod,
          Int32Array.from(names, (name) => cluster.index.of(name)),
          nowSeconds,
        ),
      stale: () => stale,
      isLeader: () => isLeader,
      evictor,
      store,
      tell: ({ name }, { how }) => told.push(`${name} ${how}`),
      metrics: releaseMetrics(new Registry(), {
        held: () => 0,
        isSuspended: () => false,
        leads: () => true,
      }),
      log: pino({ level: 'silent' }),
    });
    return {
      round: () => releaser.round(),
      stop: () => releaser.stop(),
      held: () => releaser.held().map(({ pod, guard }) => `${pod} ${guard}`),
      isSuspended: () => releaser.isSuspended,
      lead(does: boolean) {
        isLeader = does;
      },
      isBlind(why: string | undefined) {
        stale = why;
      },
    };
  };
  return {
    evictor,
    store,
    told,
    replica,
    see,
    rules(changed: object) {
      settings = rulesOf(changed);
    },
    at(seconds: number) {
      nowSeconds = BEGUN + seconds;
    },
  };
}

function rulesOf(rules: object) {
  return releaseSchema.parse({
    apiVersion: 'config.surefoot.dev/v1alpha1',
    kind: 'Release',
    mode: 'act',
    budgets: { node: '9/1h', owner: '9/1h', namespace: '9/1h', cluster: '9/1h' },
    ...rules,
  });
}

/** A running pod of eight GPUs of a Job of its own, on a node. */
function pod(name: string, node: string, health?: 'Healthy' | 'Unhealthy', restartCount = 0): Pod {
  return makePod({
    metadata: {
      name,
      uid: `uid-${name}`,
      annotations: { 'surefoot.dev/profile': 'nvidia' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, controller: true }],
    },
    container: { resources: { limits: { [GPU]: '8' } } },
    spec: { nodeName: node },
    status: {
      phase: 'Running',
      startTime: new Date((BEGUN - 7200) * 1000),
      containerStatuses: [
        {
          name: 'main',
          restartCount,
          state: { running: { startedAt: new Date((BEGUN - 7200) * 1000) } },
          ...(health !== undefined && {
            allocatedResourcesStatus: [
              { name: GPU, resources: [{ resourceID: `GPU-${node}`, health }] },
            ],
          }),
        },
      ],
    },
  });
}

describe('a pod on a broken device', () => {
  test('is evicted once it has stood for long enough, after a dry run, and is not evicted again', async () => {
    const { evictor, store, told, replica, see, at } = atWork();
    const one = replica();
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(119);
    await one.round();
    expect(evictor.done).toEqual([]);
    at(120);
    await one.round();
    await one.round();
    expect(evictor.done).toEqual(['dry run train', 'evict train']);
    expect(store.releases.map(({ how, node }) => [how, node])).toEqual([['evicted', 'gpu-1']]);
    expect(told).toEqual(['train evicted']);
  });

  test('whose device flaps is left alone', async () => {
    const { evictor, replica, see, at } = atWork();
    const one = replica();
    for (let minute = 0; minute < 30; minute += 1) {
      at(minute * 60);
      see(pod('train', 'gpu-1', minute % 2 === 0 ? 'Unhealthy' : 'Healthy'));
      await one.round();
      at(minute * 60 + 50);
      await one.round();
    }
    expect(evictor.done).toEqual([]);
  });

  test.each([
    ['observe', []],
    ['advise', ['train advised']],
  ])('is written down, and no more, with mode %s', async (mode, tells) => {
    const { evictor, store, told, replica, see, at, rules } = atWork({ mode });
    const one = replica();
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(200);
    await one.round();
    await one.round();
    expect([evictor.done, told, store.releases.length]).toEqual([[], tells, 1]);
    rules({});
    at(210);
    await one.round();
    expect(evictor.done).toEqual(['dry run train', 'evict train']);
  });

  test('is asked for again, ever more seldom, while a budget of the cluster’s holds', async () => {
    const { evictor, store, replica, see, at } = atWork();
    const one = replica();
    evictor.answer = { kind: 'held', words: 'violates a budget' };
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    for (let seconds = 120; seconds < 420; seconds += 2) {
      at(seconds);
      await one.round();
    }
    // After 0, 15, 45, 105 and 225 s.
    expect(evictor.done).toEqual(Array(5).fill('dry run train'));
    expect(one.held()).toEqual(['team-a/train disruptionBudget']);
    expect(store.releases).toEqual([]);
  });

  test('is left alone while what is known may be old, or nobody leads', async () => {
    const { evictor, replica, see, at } = atWork();
    const one = replica();
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(300);
    one.isBlind('the watch of pods is silent');
    await one.round();
    one.isBlind(undefined);
    one.lead(false);
    await one.round();
    expect(evictor.done).toEqual([]);
    one.lead(true);
    await one.round();
    expect(evictor.done).toHaveLength(2);
  });

  test('is left alone where its verdict cannot be stored, or those before cannot be read', async () => {
    const { evictor, store, replica, see, at } = atWork();
    const one = replica();
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(300);
    store.failsWith = new Error('409');
    await one.round();
    await one.round();
    expect(evictor.done).not.toContain('evict train');
    store.failsWith = undefined;
    at(310);
    await one.round();
    expect(evictor.done).toContain('evict train');
  });

  test('waits while another remediator holds the node, and gives its Lease back', async () => {
    const { evictor, replica, see, at } = atWork({ maintenanceLeases: 'medik8s-leases' });
    const one = replica();
    evictor.holder = 'node-healthcheck';
    see(pod('train', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(120);
    await one.round();
    expect(evictor.done).toEqual(['dry run train', 'lease gpu-1']);
    expect(one.held()).toEqual(['team-a/train maintenance']);
    evictor.holder = undefined;
    await one.round();
    expect(evictor.done).toHaveLength(2);
    at(130);
    await one.round();
    expect(evictor.done.slice(2)).toEqual([
      'dry run train',
      'lease gpu-1',
      'evict train',
      'give back gpu-1',
    ]);
  });
});

test('who leads after a crash in the middle goes on with what was stored, and evicts once', async () => {
  const { evictor, store, replica, see, at } = atWork();
  const [first, second] = [replica(), replica()];
  second.lead(false);
  see(pod('train', 'gpu-1', 'Unhealthy'));
  await first.round();
  await second.round();
  at(120);
  await first.round();
  // As if it had ended after the verdict was stored, and before it asked for the eviction.
  store.releases = store.releases.map((release) => ({ ...release, how: 'evicting' as const }));
  evictor.done.length = 0;
  second.lead(true);
  await second.round();
  expect(evictor.done).toEqual(['dry run train', 'evict train']);
  // Or after it: the pod ends already.
  store.releases = store.releases.map((release) => ({ ...release, how: 'evicting' as const }));
  const ending = pod('train', 'gpu-1', 'Unhealthy');
  see({ ...ending, metadata: { ...ending.metadata, deletionTimestamp: new Date() } });
  evictor.done.length = 0;
  const third = replica();
  await third.round();
  expect(evictor.done).toEqual([]);
  expect(store.releases.map(({ how }) => how)).toEqual(['evicted']);
});

test('a storm stops everything, and what broke before it began is released after it', async () => {
  const { evictor, replica, see, at } = atWork({ storm: '2/10m' }, 8);
  const one = replica();
  for (const at of [1, 2, 3]) see(pod(`train-${at}`, `gpu-${at}`, 'Unhealthy'));
  await one.round();
  at(130);
  await one.round();
  expect([one.isSuspended(), evictor.done]).toEqual([true, []]);
  expect(one.held()).toHaveLength(3);
  at(800);
  await one.round();
  expect(one.isSuspended()).toBe(false);
  expect(evictor.done.filter((word) => word.startsWith('evict'))).toHaveLength(3);
});

test('a verdict is judged an hour later', async () => {
  const { store, replica, see, at } = atWork({ mode: 'observe' });
  const one = replica();
  see(pod('train', 'gpu-1', 'Unhealthy'));
  await one.round();
  at(120);
  await one.round();
  at(600);
  see(pod('train', 'gpu-1', 'Healthy'));
  await one.round();
  at(120 + 3599);
  await one.round();
  expect(store.releases[0]?.judged).toBeUndefined();
  at(120 + 3600);
  await one.round();
  expect(store.releases[0]).toMatchObject({
    judged: 'wrong',
    judgedWords: 'the device is healthy again without a repair that was seen',
  });
});

describe('what tenants can do', () => {
  const GPU_9 = 'gpu-9';

  test('a pod whose owner nobody may read keeps no other from its turn', async () => {
    const { evictor, replica, see, at } = atWork({}, 9);
    const one = replica();
    evictor.failsOn = 'evil';
    see(pod('evil', 'gpu-1', 'Unhealthy'));
    see(pod('victim', GPU_9, 'Unhealthy'));
    await one.round();
    at(130);
    await one.round();
    expect(evictor.done).toEqual(['dry run victim', 'evict victim']);
    expect(one.held()).toEqual(['team-a/evil refused']);
  });

  test('what is no name of an object is not asked for', async () => {
    const { evictor, replica, see, at } = atWork();
    const one = replica();
    see(pod('a/b', 'gpu-1', 'Unhealthy'));
    await one.round();
    at(130);
    await one.round();
    expect(evictor.jobsAsked).toEqual([]);
  });

  test('more pods than can be looked at in time, held for good, keep no other from its turn', async () => {
    const { evictor, replica, see, at } = atWork({ storm: '999/10m' }, 140);
    const one = replica();
    for (let index = 1; index <= 130; index += 1) {
      const bare = pod(`bare-${index}`, `gpu-${index}`, 'Unhealthy');
      see({ ...bare, metadata: { ...bare.metadata, ownerReferences: [] } });
    }
    see(pod('victim', 'gpu-135', 'Unhealthy'));
    await one.round();
    for (let seconds = 120; seconds < 140; seconds += 2) {
      at(seconds);
      await one.round();
    }
    expect(evictor.done).toContain('evict victim');
    expect(one.held()).toHaveLength(130);
  });

  test('pods that crash on many nodes are no storm', async () => {
    const { evictor, replica, see, at } = atWork({ storm: '2/10m' }, 9);
    const one = replica();
    for (const at of [1, 2, 3, 4]) see(pod(`loop-${at}`, `gpu-${at}`));
    see(pod('victim', GPU_9, 'Unhealthy'));
    await one.round();
    for (const at of [1, 2, 3, 4]) see(pod(`loop-${at}`, `gpu-${at}`, undefined, 50));
    at(130);
    await one.round();
    expect(one.isSuspended()).toBe(false);
    expect(evictor.done).toContain('evict victim');
  });

  test('new pods on devices that broke long ago are no storm', async () => {
    const { replica, see, at } = atWork({ mode: 'observe', storm: '2/10m' }, 9);
    const one = replica();
    const makePods = (round: string) => {
      for (const at of [1, 2, 3, 4]) see(pod(`${round}-${at}`, `gpu-${at}`, 'Unhealthy'));
    };
    makePods('first');
    await one.round();
    expect(one.isSuspended()).toBe(true);
    for (let minute = 1; minute <= 20; minute += 1) {
      at(minute * 60);
      if (minute % 5 === 0) makePods(`at-${minute}`);
      await one.round();
    }
    expect(one.isSuspended()).toBe(false);
  });

  test('a device that is told of in another order has still stood without a break', async () => {
    const { evictor, replica, see, at } = atWork();
    const one = replica();
    const both = (...names: readonly string[]) => {
      const base = pod('train', 'gpu-1', 'Unhealthy');
      const resources = names.map((resourceID) => ({ resourceID, health: 'Unhealthy' }));
      const [first] = base.status?.containerStatuses ?? [];
      const told = { ...first, name: 'main', allocatedResourcesStatus: [{ name: GPU, resources }] };
      return { ...base, status: { ...base.status, containerStatuses: [told] } };
    };
    for (let seconds = 0; seconds <= 130; seconds += 10) {
      at(seconds);
      see(seconds % 20 === 0 ? both('GPU-a', 'GPU-b') : both('GPU-b', 'GPU-a'));
      await one.round();
    }
    expect(evictor.done).toContain('evict train');
  });
});

test('a device that has become healthy by the time the pod is read keeps it where it is', async () => {
  const { evictor, replica, see, at } = atWork();
  const one = replica();
  see(pod('train', 'gpu-1', 'Unhealthy'));
  await one.round();
  at(130);
  // The API server has it already, the watch not yet.
  evictor.pods.set('team-a/train', pod('train', 'gpu-1', 'Healthy'));
  await one.round();
  expect([evictor.done, one.held()]).toEqual([[], ['team-a/train changed']]);
});

test('only a node that its selector asks for is a better one, however many others are', async () => {
  const { evictor, store, replica, see, at } = atWork({}, 90);
  const one = replica();
  for (let index = 1; index <= 90; index += 1) {
    const name = `gpu-${index}`;
    evictor.nodes.set(name, { name, labels: { pool: index > 88 ? 'b' : 'a' } });
  }
  const base = pod('train', 'gpu-1', 'Unhealthy');
  see({ ...base, spec: { ...base.spec, nodeSelector: { pool: 'b' } } });
  await one.round();
  at(130);
  await one.round();
  expect(evictor.done).toContain('evict train');
  expect(store.releases[0]?.better).toMatch(/^gpu-(89|90)$/);
});

test('what is under way comes to its end before the program does, and nothing begins', async () => {
  const { evictor, replica, see, at } = atWork();
  const one = replica();
  see(pod('first', 'gpu-1', 'Unhealthy'));
  see(pod('second', 'gpu-2', 'Unhealthy'));
  await one.round();
  at(130);
  const evict = evictor.evict.bind(evictor);
  let stopping: Promise<void> | undefined;
  evictor.evict = (...asked) => {
    stopping ??= one.stop();
    return evict(...asked);
  };
  await one.round();
  await stopping;
  await one.round();
  expect(evictor.done).toEqual(['dry run first', 'evict first']);
});
