import { DecisionRecord } from '../../extender/decisions/record.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import { makeIncident, makeNode, makePodFacts } from './facts.ts';
import { makeIngest } from './ingest.ts';
import { makeSnapshot } from './snapshot.ts';
import { NOW } from './troubled-fleet.ts';

const GPU = 'nvidia.com/gpu';
const NODES_A_RACK = 16;

/** So many nodes of eight devices in racks, half of them busy; the one of this name has a broken device. */
export function makeBigFleet(count: number, broken = 'gpu-3') {
  const made = makeIngest();
  const { ingest, store } = made;
  for (let at = 1; at <= count; at += 1) {
    const name = `gpu-${at}`;
    const allocatable = name === broken ? 7 : 8;
    const rack = `rack-${Math.ceil(at / NODES_A_RACK)}`;
    const node = makeNode({
      name,
      host: `uuid:${name}`,
      rack,
      model: at % 3 === 0 ? 'A100' : 'H100',
      driver: '580.95.05',
      createdAtSeconds: 0,
      devices: new Map([[GPU, { capacity: 8, allocatable }]]),
    });
    ingest.nodeChanged(node, NOW);
    if (at % 2 === 0) {
      const pod = makePodFacts({
        uid: `pod-${at}`,
        namespace: at % 4 === 0 ? 'team-a' : 'team-b',
        name: `train-${at}`,
        node: name,
        devices: { resources: [{ resource: GPU, count: 8 }], claims: [] },
      });
      ingest.podChanged(pod, true, NOW);
    }
  }
  const {
    closedAtSeconds: _,
    endedAtBusyDays: __,
    ...open
  } = makeIncident({
    id: 'a',
    device: 'GPU-3f2c',
    class: 'fatal',
    probability: 0.9,
    evidence: ['XID 79: the GPU has fallen off the bus'],
    standing: ['withdrawn'],
    openedAtSeconds: NOW - 7200,
    lastSeenAtSeconds: NOW - 60,
  });
  store.put({ ...store.draft(`uuid:${broken}`), node: broken, incidents: [open] });
  const snapshot = (): Snapshot => makeSnapshot(made, { nowSeconds: NOW });
  return { ...made, snapshot, decisions: new DecisionRecord() };
}
