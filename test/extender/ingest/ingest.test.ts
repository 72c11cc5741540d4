import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { Ingest } from '../../../extender/ingest/ingest.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import { DynamicResources } from '../../../extender/state/dynamic-resources.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU, makeNode, makePodFacts, makeSignal } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

const SLOT = makePodFacts().slot;
const UNHEALTHY = [{ resource: GPU, device: 'GPU-0', health: 'Unhealthy' as const }];
const REJECTION = {
  phase: 'Failed',
  statusReason: 'UnexpectedAdmissionError',
  statusMessage:
    'Allocate failed due to requested number of devices unavailable for nvidia.com/gpu',
};

function writing() {
  const made = makeIngest();
  made.ingest.nodeChanged(makeNode(), 0);
  return { ...made, incidents: () => made.store.get('uuid:gpu-1').incidents };
}

describe('the ingest', () => {
  test('a device fault seen on the pod and on the node is one incident, closed when it ends', () => {
    const { ingest, incidents, outcomes } = writing();
    const pod = makePodFacts();
    ingest.podChanged(pod, false, 10);
    ingest.podChanged({ ...pod, deviceHealth: UNHEALTHY }, false, 100);
    ingest.nodeChanged(
      makeNode({ devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }),
      110,
    );
    ingest.podChanged(
      { ...pod, deviceHealth: UNHEALTHY, phase: 'Failed', exitCode: 1 },
      false,
      120,
    );
    expect(incidents()).toMatchObject([
      { device: 'GPU-0', standing: [`allocatable-below-capacity|${GPU}|1`] },
    ]);
    expect(outcomes).toEqual(['device-unhealthy counted', 'allocatable-below-capacity counted']);

    ingest.nodeChanged(makeNode(), 500);
    expect(incidents()).toMatchObject([{ closedAtSeconds: 500 }]);
  });

  test('a plugin that offers nothing does not say that a withdrawn device is back', () => {
    const { ingest, incidents } = writing();
    const offering = (allocatable: number) =>
      makeNode({ devices: new Map([[GPU, { capacity: 8, allocatable }]]) });
    ingest.nodeChanged(offering(7), 100);
    ingest.nodeChanged(offering(0), 200);
    expect(incidents()).toMatchObject([{ standing: [`allocatable-below-capacity|${GPU}|1`] }]);
    ingest.nodeChanged(offering(8), 300);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 300 }]);
  });

  test('a rejection with room to spare is held against the node', () => {
    const { ingest, incidents, outcomes } = writing();
    const pod = makePodFacts({ phase: 'Pending' });
    ingest.podChanged(pod, false, 10);
    ingest.podChanged({ ...pod, ...REJECTION }, false, 11);
    ingest.podChanged({ ...pod, ...REJECTION, isTerminating: true }, false, 12);
    expect(outcomes).toEqual(['kubelet-rejected-pod counted']);
    expect(incidents()).toHaveLength(1);
  });

  test('a rejection after a race is not, and neither is one that was only found by a list', () => {
    const { ingest, incidents, outcomes } = writing();
    const whole = { resources: [{ resource: GPU, count: 8 }], claims: [] };
    ingest.podChanged(makePodFacts({ name: 'winner', devices: whole }), false, 10);
    const loser = makePodFacts({ name: 'loser', devices: whole, phase: 'Pending' });
    ingest.podChanged(loser, false, 10);
    ingest.podChanged({ ...loser, ...REJECTION }, false, 11);
    ingest.podRemoved('uid-winner', 20);
    ingest.podChanged(makePodFacts({ name: 'found', ...REJECTION }), true, 30);
    expect(outcomes).toEqual(['kubelet-rejected-pod race', 'kubelet-rejected-pod unsure']);
    expect(incidents()).toEqual([]);
  });

  test('how long pods stayed is learned from every end but that of a broken device', () => {
    const { ingest } = writing();
    const stay = (uid: string, atSeconds: number, end: object) => {
      ingest.podChanged(makePodFacts({ uid, startedAtSeconds: atSeconds }), false, atSeconds);
      const endedAtSeconds = atSeconds + 7200;
      ingest.podChanged(
        makePodFacts({ uid, startedAtSeconds: atSeconds, endedAtSeconds, ...end }),
        false,
        endedAtSeconds,
      );
    };
    stay('a', 0, { phase: 'Failed', exitCode: 139 });
    stay('b', 10_000, { isTerminating: true });
    stay('broken', 20_000, { phase: 'Failed', exitCode: 1, deviceHealth: UNHEALTHY });
    expect(ingest.runs.staySeconds(SLOT.workload)).toBeUndefined();
    stay('c', 30_000, { phase: 'Succeeded', exitCode: 0 });
    expect(ingest.runs.staySeconds(SLOT.workload)).toBe(7200);
  });

  test('a slot that leaves has a home until it is bound again', () => {
    const { ingest, store, bound } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 139 }), false, 1000);
    expect(ingest.homes.of(SLOT, 1001)).toMatchObject([{ node: 'gpu-1', cause: 'crashed' }]);
    expect(store.get('uuid:gpu-1').departures).toHaveLength(1);

    ingest.podChanged(makePodFacts({ uid: 'next', node: 'gpu-1', phase: 'Pending' }), false, 1010);
    expect(ingest.homes.of(SLOT, 1011)).toEqual([]);
    expect(bound).toEqual(['train-0 on gpu-1', 'train-0 on gpu-1']);
  });

  test.each([
    {
      name: 'lost its node to a race is away as before',
      refusal: { statusReason: 'OutOfcpu' },
      homes: 1,
    },
    { name: 'is refused its device at home has no home there any more', refusal: {}, homes: 0 },
  ])('a slot whose pod $name', ({ refusal, homes }) => {
    const { ingest, store } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 139 }), false, 1000);
    const next = makePodFacts({ uid: 'next', phase: 'Pending' });
    ingest.podChanged(next, false, 1010);
    const refused = { ...next, ...REJECTION, ...refusal };
    ingest.podChanged(refused, false, 1011);
    ingest.podChanged({ ...refused, isTerminating: true }, false, 1012);
    expect(ingest.homes.of(SLOT, 1013)).toHaveLength(homes);
    expect(store.get('uuid:gpu-1').departures).toHaveLength(homes);
  });

  test('a pod whose deletion was never seen to begin leaves a home too', () => {
    const { ingest } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    ingest.podRemoved('uid-train-0', 1000);
    expect(ingest.homes.of(SLOT, 1001)).toMatchObject([{ node: 'gpu-1', cause: 'deleted' }]);
  });

  describe('an owner that gives up its places gives up their homes', () => {
    const JOB = { uid: 'job', workload: 'team-a/Job/train' };
    const left = () => {
      const made = writing();
      made.ingest.ownersKnown('Job', 0);
      made.ingest.ownerChanged(JOB, 0);
      made.ingest.podChanged(makePodFacts(), false, 0);
      made.ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 1 }), false, 1000);
      expect(made.ingest.homes.of(SLOT, 1001)).toHaveLength(1);
      return made.ingest;
    };

    test('when it has failed', () => {
      const ingest = left();
      ingest.ownerChanged({ ...JOB, isOver: 'failed' }, 1001);
      expect(ingest.homes.of(SLOT, 1001)).toEqual([]);
    });

    test('but not while it is suspended: then nobody has to spare them', () => {
      const ingest = left();
      ingest.ownerChanged({ ...JOB, isSuspended: true }, 1001);
      expect(ingest.homes.of(SLOT, 1001)).toHaveLength(1);
      expect(ingest.homes.expectedOn('gpu-1', 1001)).toEqual([]);
      ingest.ownerChanged(JOB, 1002);
      expect(ingest.homes.expectedOn('gpu-1', 1002)).toHaveLength(1);
    });

    test('a suspended one that is deleted leaves nothing behind for the next of its name', () => {
      const ingest = left();
      ingest.ownerChanged({ ...JOB, isSuspended: true }, 1001);
      ingest.ownerRemoved('job', 1002);
      expect(ingest.homes.expectedOn('gpu-1', 1003)).toHaveLength(1);
    });

    test('when it is deleted and not created anew within a minute', () => {
      const ingest = left();
      ingest.ownerRemoved('job', 1001);
      ingest.tick(1050);
      expect(ingest.homes.of(SLOT, 1050)).toHaveLength(1);
      ingest.tick(1062);
      expect(ingest.homes.of(SLOT, 1062)).toEqual([]);
    });

    test.each([
      { name: 'after', order: ['remove', 'create'] },
      { name: 'before', order: ['create', 'remove'] },
    ])('but not when one of its name is seen $name its end', ({ order }) => {
      const ingest = left();
      for (const what of order) {
        if (what === 'remove') ingest.ownerRemoved('job', 1001);
        else ingest.ownerChanged({ ...JOB, uid: 'next' }, 1005);
      }
      ingest.tick(1100);
      expect(ingest.homes.of(SLOT, 1100)).toHaveLength(1);
    });

    test('long before its pods are gone: none of them leaves a home', () => {
      const { ingest } = writing();
      ingest.ownersKnown('Job', 0);
      ingest.ownerChanged(JOB, 0);
      ingest.podChanged(makePodFacts(), false, 0);
      ingest.ownerRemoved('job', 100);
      ingest.podChanged(makePodFacts({ isTerminating: true }), false, 1000);
      expect(ingest.homes.of(SLOT, 1001)).toEqual([]);
    });

    test('also that of a pod which never ran where it came back', () => {
      const ingest = left();
      const { startedAtSeconds: _none, ...waiting } = makePodFacts({
        uid: 'next',
        phase: 'Pending',
      });
      ingest.podChanged(waiting, false, 1002);
      expect(ingest.homes.of(SLOT, 1002)).toEqual([]);
      ingest.ownerRemoved('job', 1003);
      ingest.podChanged({ ...waiting, isTerminating: true }, false, 1100);
      expect(ingest.homes.of(SLOT, 1100)).toEqual([]);
    });

    test('when it was gone before a restart of ours, a minute after that is known', () => {
      const { ingest } = writing();
      ingest.podChanged(makePodFacts(), false, 0);
      ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 1 }), false, 1000);
      ingest.ownersKnown('Job', 1010);
      ingest.prune(1030);
      expect(ingest.homes.of(SLOT, 1030)).toHaveLength(1);
      ingest.prune(1080);
      expect(ingest.homes.of(SLOT, 1080)).toEqual([]);
    });

    test('of a kind that nobody watches a home ends with its time', () => {
      const { ingest } = writing();
      ingest.ownerRemoved('job', 0);
      ingest.podChanged(makePodFacts(), false, 0);
      ingest.podChanged(makePodFacts({ isTerminating: true }), false, 1000);
      expect(ingest.homes.of(SLOT, 1001)).toHaveLength(1);
    });

    test('of replicas that are scaled down while they are away, only as many as are wanted stay', () => {
      const { ingest } = writing();
      const workload = 'team-a/Deployment/infer';
      const slot = { key: workload, workload, interchangeable: true };
      ingest.ownersKnown('Deployment', 0);
      ingest.ownerChanged({ uid: 'd', workload, replicas: 5 }, 0);
      const pods = [0, 1, 2, 3, 4].map((index) => makePodFacts({ name: `p${index}`, slot }));
      for (const pod of pods) ingest.podChanged(pod, false, 0);
      for (const [index, pod] of pods.entries()) {
        ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1 }, false, 1000 + index);
      }
      expect(ingest.homes.of(slot, 1010)).toHaveLength(5);
      ingest.ownerChanged({ uid: 'd', workload, replicas: 1 }, 1010);
      expect(ingest.homes.of(slot, 1010)).toMatchObject([{ podUid: 'uid-p4' }]);
    });
  });

  test('work is exposure, per device', () => {
    const { ingest, store } = writing();
    const pod = makePodFacts({ devices: { resources: [{ resource: GPU, count: 4 }], claims: [] } });
    ingest.podChanged(pod, false, 0);
    ingest.podChanged({ ...pod, phase: 'Succeeded', endedAtSeconds: 86_400 }, false, 86_400);
    expect(store.get('uuid:gpu-1').exposure).toMatchObject({ busyDays: 0.5, atSeconds: 86_400 });
  });

  test('a history that was stored gives its homes back', async () => {
    const { ingest, store } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 1 }), false, 1000);
    const again = new Ingest({
      cluster: new Cluster(),
      devices: new DynamicResources(),
      store,
      catalogue: () => CATALOGUE,
      onSignal() {},
      log: pino({ level: 'silent' }),
    });
    again.restoreHomes();
    expect(again.homes.of(SLOT, 1001)).toMatchObject([{ node: 'gpu-1' }]);
  });

  const ends: readonly {
    name: string;
    steps: (pod: ReturnType<typeof makePodFacts>) => readonly ReturnType<typeof makePodFacts>[];
  }[] = [
    {
      name: 'of a pod that no profile applies to',
      steps: ({ expectations: _none, ...pod }) => [
        { ...pod, deviceHealth: UNHEALTHY },
        { ...pod, deviceHealth: UNHEALTHY, phase: 'Failed' },
      ],
    },
    {
      name: 'reported after the pod began to end',
      steps: (pod) => [
        { ...pod, isTerminating: true },
        { ...pod, isTerminating: true, deviceHealth: UNHEALTHY },
      ],
    },
    {
      name: 'that became unknown before the end',
      steps: (pod) => [
        { ...pod, deviceHealth: UNHEALTHY },
        { ...pod, deviceHealth: [{ resource: GPU, device: 'GPU-0', health: 'Unknown' }] },
        { ...pod, deviceHealth: [], phase: 'Failed' },
      ],
    },
  ];
  test.each(ends)('an unhealthy device $name does not stand for ever', ({ steps }) => {
    const { ingest, incidents } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    for (const step of steps(makePodFacts())) ingest.podChanged(step, false, 100);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 100 }]);
  });

  test('when a Node is gone nothing of it stands any more', () => {
    const { ingest, incidents } = writing();
    ingest.nodeChanged(
      makeNode({ devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }),
      10,
    );
    ingest.nodeRemoved('uid-gpu-1', 50);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 50 }]);
  });

  test('what a pod says of its devices counts though its node is heard of later', () => {
    const { ingest, store } = writing();
    ingest.podChanged(makePodFacts({ node: 'gpu-2', deviceHealth: UNHEALTHY }), false, 10);
    ingest.nodeChanged(makeNode({ name: 'gpu-2' }), 11);
    expect(store.get('uuid:gpu-2').incidents).toHaveLength(1);
  });

  test('evidence found by a list is as old as the pod, not as the list', () => {
    const { ingest, incidents, store } = writing();
    const failed = { phase: 'Failed', exitCode: 1, deviceHealth: UNHEALTHY };
    ingest.podChanged(makePodFacts({ ...failed, endedAtSeconds: 1000 }), true, 90_000);
    expect(incidents()).toMatchObject([{ openedAtSeconds: 1000, closedAtSeconds: 1000 }]);
    ingest.podChanged(makePodFacts({ name: 'endless', phase: 'Failed' }), true, 90_000);
    expect(store.get('uuid:gpu-1').exposure.atSeconds).toBe(1000);
  });

  test('a pod that has not opted in proves health, but reserves nothing', () => {
    const { ingest, store } = writing();
    const pod = makePodFacts({ optIn: 'unsaid' });
    ingest.podChanged(pod, false, 0);
    ingest.podChanged({ ...pod, phase: 'Failed', exitCode: 1 }, false, 86_400);
    expect(ingest.homes.of(SLOT, 86_401)).toEqual([]);
    expect(store.get('uuid:gpu-1').exposure.busyDays).toBe(1 / 8);
  });

  test('of a pod that asks for no device nothing is kept', () => {
    const { ingest, cluster } = writing();
    ingest.podChanged(makePodFacts({ devices: { resources: [], claims: [] } }), false, 10);
    expect([...cluster.pods()]).toEqual([]);
  });

  test.each([
    { isThere: true, judged: 1 },
    { isThere: false, judged: 0 },
  ])(
    'whoever takes over judges $judged Events about a Node whose being there was $isThere',
    ({ isThere, judged }) => {
      const { ingest, outcomes } = writing();
      if (isThere) ingest.nodeChanged(makeNode({ name: 'gpu-2' }), 9);
      ingest.stopLeading();
      ingest.eventSeen({ node: 'gpu-2', namespace: 'default', signals: [makeSignal()] }, false, 10);
      ingest.nodeChanged(makeNode({ name: 'gpu-2' }), 11);
      ingest.becomeLeader(12);
      expect(outcomes).toHaveLength(judged);
    },
  );

  test('hosts that are gone for 90 days are forgotten, others are not', () => {
    const { ingest, store } = writing();
    ingest.nodeChanged(
      makeNode({ devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }),
      10,
    );
    ingest.prune(91 * 86_400);
    expect([...store.all()]).toHaveLength(1);
    ingest.nodeRemoved('uid-gpu-1', 92 * 86_400);
    ingest.prune(181 * 86_400);
    expect([...store.all()]).toEqual([]);
  });

  test('homes that have ended are dropped, in memory and in the store', () => {
    const { ingest, store } = writing();
    ingest.podChanged(makePodFacts(), false, 0);
    ingest.podChanged(makePodFacts({ phase: 'Failed', exitCode: 1 }), false, 1000);
    ingest.prune(2000);
    expect(ingest.homes.of(SLOT, 1001)).toEqual([]);
    expect(store.get('uuid:gpu-1').departures).toEqual([]);
  });
});
