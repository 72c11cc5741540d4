import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { podFacts } from '../../../extender/facts/pods.ts';
import { Endings } from '../../../extender/gates/endings.ts';
import { GatedPods } from '../../../extender/gates/gated-pods.ts';
import { Lifter } from '../../../extender/gates/lifter.ts';
import { HOME_GATE } from '../../../webhook/words/keys.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { eventually } from '../../cluster/eventually.ts';
import { FakePods } from '../../fake/pods.ts';
import { makeNode } from '../../make/facts.ts';
import { makeMember, runningOn } from '../../make/gang.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeProfile } from '../../make/profile.ts';

const BEGUN = 1_000_000;
const PROFILES = [makeProfile({ waitForHome: '60s' })];

/** A lifter at work on pods of two nodes, as the API server and its watch show them. */
function atWork() {
  let nowSeconds = BEGUN;
  let isLeader = true;
  const { engine, ingest, cluster } = makeIngest({ profiles: PROFILES });
  const endings = new Endings();
  const said: string[] = [];
  const refused: unknown[] = [];
  const gated = new GatedPods(() => lifter.changed());
  const pods = new FakePods((pod) => see(pod));
  const lifter = new Lifter({
    gated,
    endings,
    writer: pods,
    snapshot: () => engine.snapshot(nowSeconds),
    decide: (pod, names) =>
      engine.decide(
        pod,
        Int32Array.from(names, (name) => cluster.index.of(name)),
        nowSeconds,
      ),
    isLeader: () => isLeader,
    onWaiting: (_pod, { reason }) => said.push(reason.words),
    onLifted: (how, _waited, { name }) => said.push(`${name} ${how}`),
    onWithdrawn: () => said.push('withdrawn'),
    onRefused: (error) => refused.push(error),
    log: pino({ level: 'silent' }),
  });
  onTestFinished(() => lifter.stop());
  function see(pod: Pod): void {
    gated.seen(pod, nowSeconds);
    ingest.podChanged(podFacts(pod, PROFILES), false, nowSeconds);
    endings.podChanged(podFacts(pod, PROFILES), nowSeconds);
    lifter.changed();
  }
  for (const name of ['gpu-1', 'gpu-2']) ingest.nodeChanged(makeNode({ name }), BEGUN);
  const first = runningOn(makeMember('train', 0), 'gpu-1', BEGUN);
  pods.put(first);
  return {
    pods,
    gated,
    lifter,
    said,
    refused,
    at(seconds: number) {
      nowSeconds = BEGUN + seconds;
    },
    lead(does: boolean) {
      isLeader = does;
    },
    crash: () => pods.put({ ...first, status: { ...first.status, phase: 'Failed' } }),
    end(graceSeconds: number) {
      const deletionTimestamp = new Date((nowSeconds + graceSeconds) * 1000);
      pods.put({ ...first, metadata: { ...first.metadata, deletionTimestamp } });
    },
    /** A member of a job that has run nowhere. */
    other(index: number): Pod {
      const pod = makeMember('fresh', index);
      const spec = { ...pod.spec, schedulingGates: [{ name: HOME_GATE }] };
      return pods.put({ ...pod, spec });
    },
    next(attempt = 1, spec: Partial<Pod['spec']> = {}): Pod {
      const pod = makeMember('train', 0, attempt);
      return pods.put({
        ...pod,
        metadata: { ...pod.metadata, creationTimestamp: new Date(nowSeconds * 1000) },
        spec: { ...pod.spec, schedulingGates: [{ name: HOME_GATE }], ...spec },
      });
    },
  };
}

type AtWork = ReturnType<typeof atWork>;
const lifted = ({ said }: AtWork, name: string) =>
  eventually(`${name} to be let go`, async () => said.some((line) => line.startsWith(name)));

describe('the lifter', () => {
  test('nominates first and lifts then, of the very version', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    work.next();
    await lifted(work, 'train-0-1');
    expect(work.pods.asked).toEqual(['nominate train-0-1 gpu-1', 'lift train-0-1']);
    expect(work.gated.size).toBe(0);
    expect(work.said).toEqual(['train-0-1 home']);
  });

  test('nominates while the pod before it ends, says so, and lifts once that has gone', async () => {
    const work = atWork();
    work.at(1000);
    work.end(15);
    work.next();
    await eventually('it to be nominated', async () => work.said.length === 1);
    expect(work.said[0]).toMatch(/^waits for its own node gpu-1, free in about 15 s/);
    work.at(1001);
    work.lifter.tick();
    work.at(1011);
    work.lifter.tick();
    expect(work.lifter.heldDeviceSeconds).toBe(80);
    work.crash();
    await lifted(work, 'train-0-1');
    expect(work.pods.asked).toEqual(['nominate train-0-1 gpu-1', 'lift train-0-1']);
  });

  test('begins anew with a pod that changed between nomination and lift', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    work.pods.failures.push(409);
    work.next();
    await lifted(work, 'train-0-1');
    expect(work.pods.asked).toEqual([
      'nominate train-0-1 gpu-1',
      'nominate train-0-1 gpu-1',
      'lift train-0-1',
    ]);
    expect(work.refused).toEqual([]);
  });

  test('forgets a pod that is gone, and one whose gate somebody else has lifted', async () => {
    const work = atWork();
    work.at(1000);
    work.pods.delete(work.next());
    await eventually('it to be forgotten', async () => work.gated.size === 0);
    const pod = work.next(2);
    work.pods.put({ ...pod, spec: { ...pod.spec, schedulingGates: [] } });
    await eventually('it to be forgotten', async () => work.gated.size === 0);
    expect(work.refused).toEqual([]);
  });

  test('says when it may not, and goes on trying', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    work.pods.failures.push(403, 403, 403);
    work.next();
    await lifted(work, 'train-0-1');
    expect(work.refused).toHaveLength(3);
  });

  test('takes a nomination back that has come to nothing, unless it is another one now', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    work.next();
    await lifted(work, 'train-0-1');
    work.at(1020);
    work.lifter.tick();
    await sleep(20);
    expect(work.said).not.toContain('withdrawn');
    work.at(1031);
    work.lifter.tick();
    await eventually('it to be withdrawn', async () => work.said.includes('withdrawn'));
    expect(work.pods.asked.at(-1)).toBe('withdraw train-0-1');
  });

  test('takes it back soon of a pod that preempts nobody', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    work.next(1, { preemptionPolicy: 'Never' });
    await lifted(work, 'train-0-1');
    work.at(1006);
    work.lifter.tick();
    await eventually('it to be withdrawn', async () => work.said.includes('withdrawn'));
  });

  test('does nothing where another replica leads, and takes up what it finds once it does', async () => {
    const work = atWork();
    work.lead(false);
    work.at(1000);
    work.crash();
    work.next();
    work.lifter.tick();
    await sleep(50);
    expect(work.pods.asked).toEqual([]);
    work.lead(true);
    work.lifter.tick();
    await lifted(work, 'train-0-1');
  });

  test('carries out nothing more of its plan once another replica leads', async () => {
    const work = atWork();
    work.at(1000);
    const more = Array.from({ length: 40 }, (_none, index) => work.other(index));
    const lift = work.pods.lift.bind(work.pods);
    work.pods.lift = async (pod, options) => {
      work.lead(false);
      // The first sixteen are under way at once.
      await sleep(10);
      await lift(pod, options);
    };
    await eventually('the first to be lifted', async () => work.pods.asked.length > 0);
    await sleep(100);
    expect(work.pods.asked).toHaveLength(16);
    work.pods.lift = lift;
    work.lead(true);
    work.lifter.tick();
    await eventually('all to be lifted', async () => work.said.length === more.length);
  });

  test('does not lift twice what the watch shows late', async () => {
    const work = atWork();
    work.at(1000);
    work.crash();
    const pod = work.next();
    await lifted(work, 'train-0-1');
    // A version from before the lift.
    work.gated.seen(pod, BEGUN + 1000);
    work.lifter.round();
    await sleep(30);
    expect(work.pods.asked.filter((asked) => asked.startsWith('lift'))).toHaveLength(1);
  });
});
