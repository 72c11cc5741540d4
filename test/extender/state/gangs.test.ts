import { expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import { makePodFacts } from '../../make/facts.ts';

const TRAIN = 'team-a/Job/train';
const member = (index: number, overrides: Partial<PodFacts> = {}) =>
  makePodFacts({
    name: `train-${index}`,
    slot: { key: `${TRAIN}/${index}`, workload: TRAIN, interchangeable: false },
    ...overrides,
  });
const waiting = (index: number) => {
  const { node: _none, startedAtSeconds: _never, ...pod } = member(index, { phase: 'Pending' });
  return pod;
};

test('members are counted as they come, are placed, end and go', () => {
  const cluster = new Cluster();
  const counts = () => ({
    on: Object.fromEntries(cluster.gangs.nodesOf(TRAIN)),
    waiting: cluster.gangs.waitingOf(TRAIN),
  });
  for (const index of [0, 1, 2]) cluster.setPod(waiting(index));
  expect(counts()).toEqual({ on: {}, waiting: 3 });
  cluster.setPod(member(0));
  cluster.setPod(member(1));
  cluster.setPod(member(1));
  expect(counts()).toEqual({ on: { 'gpu-1': 2 }, waiting: 1 });
  cluster.setPod(member(2, { node: 'gpu-2' }));
  expect(counts()).toEqual({ on: { 'gpu-1': 2, 'gpu-2': 1 }, waiting: 0 });
  // One that is on its way out stands nowhere any more.
  cluster.setPod(member(0, { isTerminating: true }));
  cluster.setPod(member(2, { node: 'gpu-2', phase: 'Failed' }));
  expect(counts()).toEqual({ on: { 'gpu-1': 1 }, waiting: 0 });
  for (const index of [0, 1, 2]) cluster.removePod(`uid-train-${index}`);
  cluster.removePod('uid-train-1');
  expect(counts()).toEqual({ on: {}, waiting: 0 });
});
