import { expect, test } from 'vitest';
import type { NodeFacts, PodFacts } from '../../../extender/facts/facts.ts';
import { homesNotOffered } from '../../../extender/prioritize/home-not-offered.ts';
import { GPU, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const SLOT = { key: 'team-a/Job/train/0', workload: 'team-a/Job/train', interchangeable: false };
const ALL = { resources: [{ resource: GPU, count: 8 }], claims: [] };
const left = (overrides: Partial<PodFacts> = {}) =>
  makePodFacts({ slot: SLOT, node: 'home', devices: ALL, ...overrides });
const home = (facts: Partial<NodeFacts> = {}) =>
  makeNode({
    name: 'home',
    devices: new Map([[GPU, { capacity: 8, allocatable: 8 }]]),
    ...facts,
  });

const rows: readonly {
  name: string;
  now?: NodeFacts | 'gone';
  others?: readonly PodFacts[];
  slot?: PodFacts['slot'];
  isOffered?: boolean;
  says?: string;
}[] = [
  { name: 'offered', isOffered: true },
  {
    name: 'a device has been withdrawn',
    now: home({ devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) }),
    says: '7 of 8 nvidia.com/gpu left, 7 of 8 work',
  },
  {
    name: 'somebody else has taken room there',
    others: [
      makePodFacts({
        uid: 'other',
        node: 'home',
        devices: { resources: [{ resource: GPU, count: 3 }], claims: [] },
      }),
    ],
    says: '5 of 8 nvidia.com/gpu left',
  },
  { name: 'cordoned', now: home({ isCordoned: true }), says: 'it is cordoned' },
  { name: 'not ready', now: home({ isReady: false }), says: 'it is not ready' },
  { name: 'gone', now: 'gone', says: 'it is gone' },
  { name: 'for reasons of the scheduler', says: 'the scheduler has ruled it out' },
  { name: 'of interchangeable replicas', slot: { ...SLOT, interchangeable: true } },
];

test.each(rows)('a home that is $name', ({ now, others = [], slot = SLOT, isOffered, says }) => {
  const made = makeIngest();
  const { ingest, cluster } = made;
  ingest.nodeChanged(home(), 0);
  ingest.nodeChanged(makeNode({ name: 'other' }), 0);
  ingest.podChanged(left({ slot }), false, 0);
  ingest.podChanged(left({ slot, phase: 'Failed', exitCode: 1 }), false, 600);
  if (now === 'gone') ingest.nodeRemoved(home().uid, 601);
  else if (now !== undefined) ingest.nodeChanged(now, 601);
  for (const other of others) ingest.podChanged(other, false, 602);

  const snapshot = makeSnapshot(made, { profiles: [], nowSeconds: 610 });
  const asked = (isOffered ? ['home', 'other'] : ['other']).map((name) => cluster.index.of(name));
  const again = makePodFacts({ slot, devices: ALL });
  expect(homesNotOffered(again, Int32Array.from(asked), snapshot)).toEqual(
    says === undefined
      ? []
      : [{ code: 'HomeNotOffered', words: `previous node home: not offered, ${says}` }],
  );
});
