import { describe, expect, test } from 'vitest';
import { HOME_GATE } from '../../../webhook/words/keys.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { GPU } from '../../make/facts.ts';
import { makeGatedFleet, member } from '../../make/gates.ts';

const NOT = 'lift: did not wait for its own node:';

/** A fleet of two nodes, on the first of which a member has run for 1,000 s. */
function fleet(...nodes: readonly string[]) {
  const made = makeGatedFleet('gpu-1', 'gpu-2', ...nodes);
  const first = made.run(member('train', 0), 'gpu-1');
  return { ...made, first, next: member('train', 0, 1) };
}

/** Of the same job on a shared node: one device each. */
function small(job: string, index: number, attempt = 0): Pod {
  const pod = member(job, index, attempt);
  const quantity = { [GPU]: '4' };
  const [container] = pod.spec.containers;
  return {
    ...pod,
    spec: {
      ...pod.spec,
      containers: [
        { ...container, name: 'main', resources: { requests: quantity, limits: quantity } },
      ],
    },
  };
}

describe('a pod that waits', () => {
  test('is let go at once where its slot has run nowhere', () => {
    const { wait, plan } = makeGatedFleet('gpu-1');
    wait(member('fresh', 0), 0);
    expect(plan(0)).toEqual([`fresh-0-0: ${NOT} there is none`]);
  });

  test('is nominated to its own free node and let go', () => {
    const { first, next, crash, wait, plan } = fleet();
    crash(first, 1000);
    wait(next, 1010);
    expect(plan(1010)).toEqual([
      'train-0-1: nominate gpu-1, lift: waited 0 s for its own node, which saved 20 s',
    ]);
  });

  test('is nominated while the pod before it ends, and let go once that has gone', () => {
    const { first, next, end, crash, wait, plan } = fleet();
    const ending = end(first, 1000, 15);
    wait(next, 1001);
    expect(plan(1001)).toEqual([
      'train-0-1: nominate gpu-1, waits for its own node gpu-1, free in about 14 s; another would cost 20 s more',
    ]);
    wait(next, 1001, {}, 'gpu-1');
    expect(plan(1002)).toEqual([]);
    crash(ending, 1012);
    expect(plan(1012)).toEqual(['train-0-1: lift: waited 11 s for its own node, which saved 20 s']);
  });

  test('goes elsewhere where that is cheaper than the wait, and is held there', () => {
    const { first, next, end, wait, plan } = fleet();
    end(first, 1000, 50);
    wait(next, 1001, {}, 'gpu-1');
    expect(plan(1001)).toEqual([
      `train-0-1: nominate gpu-2, ${NOT} gpu-1 would be free only in 49 s`,
    ]);
  });

  test('waits where no other node is free, and no longer than it may', () => {
    const { first, next, end, run, wait, plan } = fleet();
    run(member('other', 0), 'gpu-2');
    end(first, 1000, 300);
    wait(next, 1001, {}, 'gpu-1');
    expect(plan(1060)).toEqual([]);
    expect(plan(1062)).toEqual([`train-0-1: withdraw, ${NOT} gpu-1 was not free in time`]);
  });

  test('waits for a pod that nobody has asked to end yet, for ten seconds', () => {
    const { next, wait, plan } = fleet();
    wait(next, 1000);
    expect(plan(1000)).toEqual([
      'train-0-1: nominate gpu-1, waits for its own node gpu-1, free in about 10 s; no other is weighed',
    ]);
    expect(plan(1011)).toEqual([`train-0-1: ${NOT} there is none`]);
  });

  test('is left alone while another gate holds it', () => {
    const { first, next, crash, wait, plan } = fleet();
    crash(first, 1000);
    wait(next, 1010, {
      schedulingGates: [{ name: 'kueue.x-k8s.io/admission' }, { name: HOME_GATE }],
    });
    expect(plan(1010)).toEqual([]);
  });

  test('does not take the devices of a pod that was deleted by force', () => {
    const { first, next, end, remove, run, wait, plan } = fleet();
    run(member('other', 0), 'gpu-2');
    remove(end(first, 1000, 0), 1000.1);
    wait(next, 1001, {}, 'gpu-1');
    expect(plan(1001)).toEqual([]);
    expect(plan(1031)).toEqual([
      'train-0-1: lift: waited 30 s for its own node, and no other was free',
    ]);
  });
});

describe('a member of a job', () => {
  test('waits for those that are slower, also where they are not created anew yet', () => {
    const { run, end, wait, plan } = makeGatedFleet('gpu-1', 'gpu-2', 'gpu-3', 'gpu-4');
    const all = [0, 1, 2].map((index) => run(member('train', index), `gpu-${index + 1}`));
    for (const [index, pod] of all.entries()) end(pod, 1000, 50 + index);
    wait(member('train', 0, 1), 1001);
    // One spare: if this one took it, the other two would take as long.
    expect(plan(1001)).toEqual([
      'train-0-1: nominate gpu-1, waits for its own node gpu-1, free in about 49 s; another would cost 20 s more',
    ]);
  });

  test('has a home for as long as the pod before it takes to end', () => {
    const { run, end, wait, plan } = makeGatedFleet('gpu-1');
    const first = run(member('train', 0), 'gpu-1');
    // It ran for 30 s only.
    end(first, 30, 50);
    wait(member('train', 0, 1), 31, {}, 'gpu-1');
    expect(plan(75)).toEqual([]);
  });
});

describe('a spare', () => {
  test('is none while a pod that was deleted by force still runs there', () => {
    const { first, next, setNode, crash, run, remove, wait, plan } = fleet();
    crash(first, 1000);
    setNode({ name: 'gpu-1', isCordoned: true }, 1005);
    // For a second only: it is nobody's home.
    const other = run(member('other', 0), 'gpu-2', 1005);
    remove(other, 1006);
    wait(next, 1010);
    expect(plan(1010)).toEqual([`train-0-1: ${NOT} its own node gpu-1 is cordoned`]);
    expect(plan(1040)).toEqual([
      `train-0-1: nominate gpu-2, ${NOT} its own node gpu-1 is cordoned`,
    ]);
  });

  test('is looked for on behalf of sixteen pods in one plan, for each looks at all nodes', () => {
    const names = Array.from({ length: 20 }, (_none, index) => `gpu-${index}`);
    const { run, crash, setNode, wait, plan } = makeGatedFleet(...names);
    for (const [index, name] of names.entries()) {
      crash(run(member('train', index), name), 1000);
      setNode({ name, isCordoned: true }, 1005);
      wait(member('train', index, 1), 1010);
    }
    expect(plan(1010)).toHaveLength(16);
  });
});

describe('its own node is not waited for', () => {
  const rows: readonly {
    name: string;
    change: (made: ReturnType<typeof fleet>) => void;
    why: string;
  }[] = [
    {
      name: 'while it is cordoned',
      change: ({ setNode }) => setNode({ name: 'gpu-1', isCordoned: true }, 1005),
      why: 'its own node gpu-1 is cordoned',
    },
    {
      name: 'while it is not ready',
      change: ({ setNode }) => setNode({ name: 'gpu-1', isReady: false }, 1005),
      why: 'its own node gpu-1 is not ready',
    },
    {
      name: 'where it has a taint that the pod does not tolerate',
      change: ({ setNode }) =>
        setNode({ name: 'gpu-1', taints: [{ key: 'a', value: '', effect: 'NoExecute' }] }, 1005),
      why: 'it does not tolerate a taint of its own node gpu-1',
    },
    {
      name: 'where it has a taint that the pod would avoid',
      change: ({ setNode }) =>
        setNode(
          { name: 'gpu-1', softTaints: [{ key: 'a', value: '', effect: 'PreferNoSchedule' }] },
          1005,
        ),
      why: 'pods avoid its own node gpu-1',
    },
    {
      name: 'once it is deleted',
      change: ({ ingest }) => ingest.nodeRemoved('uid-gpu-1', 1_001_005),
      why: 'its own node is gone',
    },
    {
      name: 'where others have taken it',
      change: ({ run }) => run(member('other', 0), 'gpu-1'),
      why: 'others have taken its own node gpu-1',
    },
    {
      name: 'where somebody who was preempted for is nominated to it',
      change: ({ wait }) =>
        wait(member('urgent', 0), 1005, { schedulingGates: [] }, 'gpu-1') as unknown as undefined,
      why: 'others have taken its own node gpu-1',
    },
  ];
  test.each(rows)('$name', ({ change, why }) => {
    const made = fleet();
    made.crash(made.first, 1000);
    change(made);
    made.wait(made.next, 1010);
    expect(made.plan(1010)).toEqual([`train-0-1: nominate gpu-2, ${NOT} ${why}`]);
  });

  test('where the pod asks for others than the one before it; nor is a spare named then', () => {
    const { first, next, crash, wait, plan } = fleet();
    crash(first, 1000);
    wait(next, 1010, { nodeSelector: { zone: 'b' } });
    const why = 'it asks for other nodes than the pod before it';
    expect(plan(1010)).toEqual([`train-0-1: ${NOT} ${why}`]);
  });

  test('where Kueue has pinned it to another', () => {
    const { first, next, crash, wait, plan } = fleet();
    crash(first, 1000);
    wait(next, 1010, { nodeSelector: { 'kubernetes.io/hostname': 'gpu-2' } });
    expect(plan(1010)).toEqual([
      `train-0-1: ${NOT} it is pinned to gpu-2 by its own node selector`,
    ]);
  });

  test('by a pod that preempts nobody, until it is free; then it may be held', () => {
    const { first, next, end, crash, wait, plan } = fleet();
    const ending = end(first, 1000, 15);
    wait(next, 1001, { preemptionPolicy: 'Never' });
    expect(plan(1001)).toEqual([]);
    crash(ending, 1010);
    expect(plan(1010)).toEqual([
      'train-0-1: nominate gpu-1, lift: waited 9 s for its own node, which saved 20 s',
    ]);
  });
});

describe('pods on one node', () => {
  test('of one job wait for each other: a nomination counts beside who still holds', () => {
    const { run, end, crash, wait, plan } = makeGatedFleet('gpu-1', 'gpu-2');
    const [a, b] = [run(small('train', 0), 'gpu-1'), run(small('train', 1), 'gpu-1')];
    const [endingA, endingB] = [end(a, 1000, 10), end(b, 1000, 15)];
    wait(small('train', 0, 1), 1001, {}, 'gpu-1');
    wait(small('train', 1, 1), 1001, {}, 'gpu-1');
    crash(endingA, 1005);
    expect(plan(1005)).toEqual([]);
    crash(endingB, 1012);
    expect(plan(1012)).toEqual([
      'train-0-1: lift: waited 11 s for its own node, which saved 20 s',
      'train-1-1: lift: waited 11 s for its own node, which saved 20 s',
    ]);
  });

  test('of two jobs do not: whoever still waits gives up its hold for a moment', () => {
    const { run, end, crash, wait, plan } = makeGatedFleet('gpu-1', 'gpu-2');
    const [a, b] = [run(small('one', 0), 'gpu-1'), run(small('two', 0), 'gpu-1')];
    const endingA = end(a, 1000, 10);
    end(b, 1000, 15);
    const next = small('one', 0, 1);
    wait(next, 1001, {}, 'gpu-1');
    wait(small('two', 0, 1), 1001, {}, 'gpu-1');
    crash(endingA, 1005);
    expect(plan(1005)).toEqual([
      'two-0-1: withdraw',
      'one-0-1: lift: waited 4 s for its own node, which saved 20 s',
    ]);
    // Let go, and not bound yet: the other one keeps out of its way.
    wait(next, 1001, { schedulingGates: [] }, 'gpu-1');
    wait(small('two', 0, 1), 1001);
    expect(plan(1006)).toEqual([]);
    run({ ...next, metadata: { ...next.metadata } }, 'gpu-1');
    expect(plan(1007)).toEqual([
      'two-0-1: nominate gpu-1, waits for its own node gpu-1, free in about 8 s; another would cost 20 s more',
    ]);
  });
});
