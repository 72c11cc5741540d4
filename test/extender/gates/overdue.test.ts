import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { podFacts } from '../../../extender/facts/pods.ts';
import { GatedPods } from '../../../extender/gates/gated-pods.ts';
import { Overdue } from '../../../extender/gates/overdue.ts';
import { HOME_GATE } from '../../../webhook/words/keys.ts';
import type { Pod } from '../../../webhook/words/pod.ts';
import { FakePods } from '../../fake/pods.ts';
import { makeMember } from '../../make/gang.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

const CREATED = 1_000_000;
const PROFILES = [makeProfile({ waitForHome: '60s' })];
const OURS = [{ name: HOME_GATE }];

/** Of these pods, created at that moment, those that are lifted so many seconds later. */
async function liftedAfter(seconds: number, pod: Pod, serverIsAhead = 0): Promise<number> {
  const gated = new GatedPods();
  const pods = new FakePods();
  const waiting = pods.put({
    ...pod,
    metadata: { ...pod.metadata, creationTimestamp: new Date(CREATED * 1000) },
  });
  gated.seen(waiting, CREATED);
  const facts = podFacts(waiting, PROFILES);
  let lifted = 0;
  const overdue = new Overdue({
    gated,
    writer: pods,
    pod: () => (facts.devices.resources.length > 0 ? facts : undefined),
    serverSeconds: async () => CREATED + seconds,
    nowSeconds: () => CREATED + seconds - serverIsAhead,
    onLifted: () => {
      lifted += 1;
    },
    log: pino({ level: 'silent' }),
  });
  await overdue.round();
  expect(gated.size).toBe(1 - lifted);
  return lifted;
}

const member = (schedulingGates: Pod['spec']['schedulingGates']) => {
  const pod = makeMember('train', 0);
  return { ...pod, spec: { ...pod.spec, ...(schedulingGates && { schedulingGates }) } };
};

describe('a gate that nobody lifts', () => {
  test('is lifted half a minute after its pod may wait no longer', async () => {
    expect(await liftedAfter(89, member(OURS))).toBe(0);
    expect(await liftedAfter(91, member(OURS))).toBe(1);
  });

  test('is lifted by the API server’s clock, whatever ours says', async () => {
    expect(await liftedAfter(91, member(OURS), 3600)).toBe(1);
    expect(await liftedAfter(89, member(OURS), -3600)).toBe(0);
  });

  test('is lifted of a pod that we would never have given one, after the longest wait', async () => {
    const stranger = makePod({
      metadata: { uid: 'stranger' },
      spec: { schedulingGates: OURS },
      container: { resources: {} },
    });
    expect(await liftedAfter(329, stranger)).toBe(0);
    expect(await liftedAfter(331, stranger)).toBe(1);
  });

  test('is not what holds a pod that another gate holds, too', async () => {
    const both = member([{ name: 'kueue.x-k8s.io/admission' }, ...OURS]);
    expect(await liftedAfter(100_000, both)).toBe(0);
  });

  test('is counted from when the other gate was gone', async () => {
    const gated = new GatedPods();
    const pods = new FakePods();
    const both = pods.put(member([{ name: 'kueue.x-k8s.io/admission' }, ...OURS]));
    gated.seen(both, CREATED);
    gated.seen({ ...both, spec: { ...both.spec, schedulingGates: OURS } }, CREATED + 5000);
    expect(gated.oldestSeconds(CREATED + 5010)).toBe(10);
  });

  test('is left to the next round while the API server is away', async () => {
    const gated = new GatedPods();
    const pods = new FakePods();
    gated.seen(pods.put(member(OURS)), 0);
    pods.isAway = true;
    const overdue = new Overdue({
      gated,
      writer: pods,
      pod: () => undefined,
      serverSeconds: async () => CREATED,
      nowSeconds: () => CREATED,
      onLifted: () => {},
      log: pino({ level: 'silent' }),
    });
    await overdue.round();
    expect(gated.size).toBe(1);
    pods.isAway = false;
    await overdue.round();
    expect(gated.size).toBe(0);
  });
});

describe('whose turn it is', () => {
  const waiting = (namespace: string, index: number, gates = OURS): Pod => {
    const pod = makeMember('train', index);
    return {
      ...pod,
      metadata: { ...pod.metadata, namespace, uid: `${namespace}-${index}` },
      spec: { ...pod.spec, schedulingGates: gates },
    };
  };

  test('is not for one namespace alone, however many pods it makes', () => {
    const gated = new GatedPods();
    for (let index = 0; index < 5000; index += 1) gated.seen(waiting('many', index), CREATED);
    gated.seen(waiting('few', 0), CREATED);
    const both = [...OURS, { name: 'kueue.x-k8s.io/admission' }];
    gated.seen(waiting('held', 0, both), CREATED);
    const turn = gated.inTurn((uid) => uid !== 'many-0');
    expect(Map.groupBy(turn, ({ namespace }) => namespace).get('many')).toHaveLength(512);
    expect(turn.at(-1)?.uid).toBe('few-0');
    expect(turn.some(({ uid }) => uid === 'many-0')).toBe(false);
  });

  test('comes for all of them', () => {
    const gated = new GatedPods();
    for (let index = 0; index < 1200; index += 1) gated.seen(waiting('many', index), CREATED);
    const seen = new Set<string>();
    for (let plan = 0; plan < 3; plan += 1) {
      for (const { uid } of gated.inTurn(() => true)) seen.add(uid);
    }
    expect(seen.size).toBe(1200);
  });

  test('keeps the newest 20,000', () => {
    const gated = new GatedPods();
    for (let index = 0; index < 20_010; index += 1) gated.seen(waiting('many', index), CREATED);
    expect(gated.size).toBe(20_000);
  });
});
