import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { departureOf } from '../../../extender/homes/departure.ts';
import { GPU, makePodFacts } from '../../make/facts.ts';

const TERMS = { coldStartForOthersSeconds: 20, homeLifeSeconds: 3600 };
const running = makePodFacts({ startedAtSeconds: 1000 });
const depart = (after: Partial<PodFacts>, before: Partial<PodFacts> = {}, now = 1500) =>
  departureOf({ ...running, ...before }, { ...running, ...after }, TERMS, now);

describe('departureOf', () => {
  const causes: readonly {
    name: string;
    after: Partial<PodFacts>;
    before?: Partial<PodFacts>;
    cause: string;
  }[] = [
    { name: 'success', after: { phase: 'Succeeded' }, cause: 'completed' },
    { name: 'an exit code', after: { phase: 'Failed', exitCode: 139 }, cause: 'crashed' },
    {
      name: 'an exit code after the device turned unhealthy',
      before: { deviceHealth: [{ resource: GPU, device: 'GPU-0', health: 'Unhealthy' }] },
      after: { phase: 'Failed', exitCode: 1 },
      cause: 'device fault',
    },
    { name: 'a deletion', after: { isTerminating: true }, cause: 'deleted' },
    {
      name: 'an eviction',
      after: { isTerminating: true, disruption: 'EvictionByEvictionAPI' },
      cause: 'evicted',
    },
    {
      name: 'a preemption',
      after: { isTerminating: true, disruption: 'PreemptionByScheduler' },
      cause: 'preempted',
    },
    {
      name: 'a node that is gone',
      after: { phase: 'Failed', disruption: 'DeletionByPodGC' },
      cause: 'reclaimed',
    },
    {
      name: 'node pressure',
      after: { phase: 'Failed', statusReason: 'Evicted' },
      cause: 'evicted',
    },
  ];
  test.each(causes)('$name means $cause', ({ after, before, cause }) => {
    expect(depart(after, before)?.cause).toBe(cause);
  });

  const none: readonly { name: string; after: Partial<PodFacts>; before?: Partial<PodFacts> }[] = [
    { name: 'a pod that goes on', after: {} },
    {
      name: 'a pod that had left before',
      before: { isTerminating: true },
      after: { phase: 'Failed' },
    },
    {
      name: 'a pod that the kubelet refused',
      after: { phase: 'Failed', statusReason: 'UnexpectedAdmissionError' },
    },
  ];
  test.each(none)('$name is no departure', ({ after, before }) => {
    expect(depart(after, before)).toBeUndefined();
  });

  test('a pod that never started leaves no home', () => {
    const { startedAtSeconds: _never, ...pending } = running;
    expect(departureOf(pending, { ...pending, isTerminating: true }, TERMS, 1500)).toBeUndefined();
  });

  test('a home lives as long as the pod ran, and no longer than the profile allows', () => {
    expect(depart({ phase: 'Failed', exitCode: 1 })).toMatchObject({
      node: 'gpu-1',
      atSeconds: 1500,
      ranSeconds: 500,
      homeUntilSeconds: 2000,
    });
    const long = depart({ phase: 'Failed', exitCode: 1 }, {}, 1000 + 90_000);
    expect(long?.homeUntilSeconds).toBe(1000 + 90_000 + 3600);
  });
});
