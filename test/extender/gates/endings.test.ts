import { describe, expect, test } from 'vitest';
import { Endings } from '../../../extender/gates/endings.ts';
import { makePodFacts } from '../../make/facts.ts';

const running = makePodFacts({ name: 'old', graceSeconds: 60 });
const terminating = { ...running, isTerminating: true, endedAtSeconds: 160 };
const ended = { ...terminating, phase: 'Failed' };

const lingeringOn = (endings: Endings, node: string, nowSeconds: number) =>
  endings.lingering(nowSeconds).get(node) ?? [];

describe('how long a pod takes yet to end', () => {
  test('is not known of one that nobody asked to', () => {
    const endings = new Endings();
    endings.podChanged(running, 100);
    expect(endings.remainingSeconds(running, running.uid, 100)).toBeUndefined();
  });

  test('is its grace, while its workload has shown nothing', () => {
    const endings = new Endings();
    endings.podChanged(terminating, 100);
    expect(endings.remainingSeconds(terminating, running.uid, 100)).toBe(60);
    expect(endings.remainingSeconds(terminating, running.uid, 130)).toBe(30);
    // Its kubelet is late.
    expect(endings.remainingSeconds(terminating, running.uid, 200)).toBe(5);
    endings.podChanged(ended, 201);
    expect(endings.remainingSeconds(ended, running.uid, 201)).toBe(0);
  });

  test('is what the pods of its workload mostly take, and then its grace', () => {
    const endings = new Endings();
    for (const [name, took] of [
      ['a', 10],
      ['b', 12],
      ['c', 50],
    ] as const) {
      const pod = { ...terminating, uid: name };
      endings.podChanged(pod, 100);
      endings.podChanged({ ...pod, phase: 'Failed' }, 100 + took);
    }
    endings.podChanged(terminating, 100);
    expect(endings.remainingSeconds(terminating, running.uid, 104)).toBe(8);
    expect(endings.remainingSeconds(terminating, running.uid, 120)).toBe(40);
  });
});

describe('a pod that is gone from the API', () => {
  test('has let go where it was seen to end', () => {
    const endings = new Endings();
    endings.podChanged(terminating, 100);
    endings.podChanged(ended, 110);
    endings.podRemoved(ended, 110);
    expect(lingeringOn(endings, 'gpu-1', 110)).toEqual([]);
    expect(endings.remainingSeconds(undefined, running.uid, 110)).toBe(0);
  });

  test('runs on for its grace where it was deleted by force', () => {
    const endings = new Endings();
    endings.podChanged(running, 90);
    // The last that is seen of it says that it ends now.
    const forced = { ...running, isTerminating: true, endedAtSeconds: 100 };
    endings.podChanged(forced, 100);
    endings.podRemoved(forced, 100.01);
    expect(lingeringOn(endings, 'gpu-1', 159)).toHaveLength(1);
    expect(lingeringOn(endings, 'gpu-2', 159)).toEqual([]);
    expect(endings.remainingSeconds(undefined, running.uid, 130)).toBeCloseTo(30, 0);
    expect(lingeringOn(endings, 'gpu-1', 161)).toEqual([]);
  });

  test('runs on for what is left of its grace where it was ending when it was forced', () => {
    const endings = new Endings();
    endings.podChanged(terminating, 100);
    endings.podRemoved({ ...terminating, endedAtSeconds: 120 }, 120);
    expect(endings.remainingSeconds(undefined, running.uid, 120)).toBe(40);
  });

  test('is forgotten when nobody would wait for it any more, whatever its grace', () => {
    const endings = new Endings();
    const forced = { ...running, graceSeconds: 1e9, isTerminating: true, endedAtSeconds: 100 };
    endings.podChanged(forced, 100);
    endings.podRemoved(forced, 100);
    expect(lingeringOn(endings, 'gpu-1', 399)).toHaveLength(1);
    expect(lingeringOn(endings, 'gpu-1', 401)).toEqual([]);
    for (let count = 0; count < 6000; count += 1) {
      const pod = { ...forced, uid: `${count}` };
      endings.podChanged(pod, 500);
      endings.podRemoved(pod, 500);
    }
    expect(lingeringOn(endings, 'gpu-1', 500)).toHaveLength(5000);
  });

  test('was never there where none of its containers ran', () => {
    const endings = new Endings();
    const { startedAtSeconds: _none, ...waiting } = terminating;
    endings.podChanged(waiting, 100);
    endings.podRemoved(waiting, 100);
    expect(lingeringOn(endings, 'gpu-1', 100)).toEqual([]);
  });
});
