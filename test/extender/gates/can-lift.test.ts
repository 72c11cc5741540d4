import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { CanLift } from '../../../extender/gates/can-lift.ts';
import { GatedPods } from '../../../extender/gates/gated-pods.ts';
import { HOME_GATE } from '../../../webhook/words/keys.ts';
import { FakePods } from '../../fake/pods.ts';
import { makeMember } from '../../make/gang.ts';

function trying() {
  let nowMs = 0;
  let blind: string | undefined;
  const pods = new FakePods();
  const gated = new GatedPods();
  const canLift = new CanLift({
    writer: pods,
    gated,
    blind: () => blind,
    namespace: 'team-a',
    nowMs: () => nowMs,
    log: pino({ level: 'silent' }),
  });
  return {
    pods,
    gated,
    canLift,
    async at(ms: number) {
      nowMs = ms;
      await canLift.round();
      return canLift.cannot() ?? 'it can';
    },
    blind(why: string | undefined) {
      blind = why;
    },
    refused: (error: unknown) => canLift.refused(error),
  };
}

describe('whether gates can be lifted', () => {
  test('is not promised before it was tried, nor where there is no pod to try it on', async () => {
    const { canLift, at, pods } = trying();
    expect(canLift.cannot()).toBe('nothing has been tried yet');
    expect(await at(0)).toBe('there is no pod in team-a to try it on');
    pods.put(makeMember('train', 0));
    expect(await at(10_000)).toBe('it can');
  });

  test('is not promised without the policy that keeps our account from everything else', async () => {
    const { at, pods } = trying();
    pods.put(makeMember('train', 0));
    pods.hasPolicy = false;
    expect(await at(0)).toMatch(/^no policy keeps our account from changing pods/);
    pods.hasPolicy = true;
    expect(await at(10_000)).toBe('it can');
    pods.hasPolicy = false;
    expect(await at(20_000)).toMatch(/^no policy/);
  });

  test('is not promised without the rights', async () => {
    const { at, pods } = trying();
    pods.put(makeMember('train', 0));
    pods.failures.push(403);
    expect(await at(0)).toMatch(/^we may not patch pods \(403\)/);
  });

  test('ends with the lease, and 30 s after the API server was last heard', async () => {
    const { canLift, at, pods, blind } = trying();
    pods.put(makeMember('train', 0));
    expect(await at(0)).toBe('it can');
    blind('this replica does not lead');
    expect(canLift.cannot()).toBe('this replica does not lead');
    blind(undefined);
    expect(canLift.cannot()).toBeUndefined();
    pods.isAway = true;
    expect(await at(10_000)).toMatch(/^the API server does not answer/);
    pods.isAway = false;
    expect(await at(20_000)).toBe('it can');
    // A try that hangs, or a program that stands still.
    pods.tryForbidden = () => new Promise(() => {});
    void at(31_000);
    expect(canLift.cannot()).toBeUndefined();
    void at(51_000);
    expect(canLift.cannot()).toBe('nothing was tried for 30 s');
  });

  test('is promised on while the pod that it was tried on is just gone', async () => {
    const { at, pods } = trying();
    pods.put(makeMember('train', 0));
    expect(await at(0)).toBe('it can');
    pods.failures.push(404);
    expect(await at(10_000)).toBe('it can');
    pods.hasPolicy = false;
    expect(await at(11_000)).toMatch(/^no policy/);
  });

  test('does not end where the pod was lifted in earnest meanwhile', async () => {
    const { at, pods, gated } = trying();
    const pod = makeMember('train', 0);
    const waiting = { ...pod, spec: { ...pod.spec, schedulingGates: [{ name: HOME_GATE }] } };
    gated.seen(pods.put(waiting), 0);
    pods.put({ ...pod, spec: { ...pod.spec, schedulingGates: [] } });
    pods.failures.push(403);
    expect(await at(0)).toBe('it can');
  });

  test('ends when a lift is refused, also one that is only tried', async () => {
    const { at, pods, gated, refused } = trying();
    const pod = makeMember('train', 0);
    gated.seen(
      pods.put({ ...pod, spec: { ...pod.spec, schedulingGates: [{ name: HOME_GATE }] } }),
      0,
    );
    expect(await at(0)).toBe('it can');
    refused(new Error('another webhook says no'));
    expect(await at(1000)).toMatch(/^the API server refused to lift a gate/);
    pods.failures.push(400);
    expect(await at(10_000)).toMatch(/^a gate cannot be lifted: refused/);
    expect(await at(20_000)).toBe('it can');
  });
});
