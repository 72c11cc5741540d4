import { expect, test } from 'vitest';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import { slotOf } from '../../webhook/words/workload.ts';
import { makeNode, makePodFacts } from '../make/facts.ts';
import { makeIngest } from '../make/ingest.ts';
import { makePod } from '../make/pod.ts';

const OWNED: ObjectMeta = {
  ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'driver', controller: true }],
};

function running(name: string, node: string, metadata: ObjectMeta = {}) {
  const slot = slotOf(makePod({ metadata: { name, namespace: 'team-a', ...metadata } }));
  return makePodFacts({ name, uid: name, node, slot });
}

test('pods that a pod owns have other homes than that pod', () => {
  const { ingest } = makeIngest();
  const worker = running('worker-1', 'gpu-1', OWNED);
  const driver = running('driver', 'gpu-3');
  const pods = [worker, running('worker-2', 'gpu-2', OWNED), driver];
  for (const { node: name = '' } of pods) ingest.nodeChanged(makeNode({ name }), 0);
  for (const pod of pods) ingest.podChanged(pod, false, 1000);
  for (const pod of pods) ingest.podChanged({ ...pod, phase: 'Failed' }, false, 1100);

  const homesOf = ({ slot }: typeof worker) => ingest.homes.of(slot, 1101).map(({ node }) => node);
  expect(homesOf(worker)).toEqual(['gpu-1', 'gpu-2']);
  expect(homesOf(driver)).toEqual(['gpu-3']);
});
