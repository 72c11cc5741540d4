import { DecisionRecord } from '../../extender/decisions/record.ts';
import type { Incident } from '../../extender/history/incident.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import { makeIncident, makeNode, makePodFacts } from './facts.ts';
import { makeIngest } from './ingest.ts';
import { makeSnapshot } from './snapshot.ts';

export const NOW = Date.parse('2026-11-26T10:00:00Z') / 1000;
const DAY_SECONDS = 86_400;

/** An incident that something still reports. */
function openIncident(overrides: Partial<Incident>): Incident {
  const { closedAtSeconds: _closed, endedAtBusyDays: _ended, ...open } = makeIncident(overrides);
  return open;
}

/** Four nodes: one with a broken device, one that had a fault three weeks ago, one that is away, one that is well. */
export function makeTroubledFleet(nowSeconds: () => number = () => NOW) {
  const made = makeIngest();
  const { ingest, store } = made;
  const GPUS = (allocatable: number) => new Map([['nvidia.com/gpu', { capacity: 8, allocatable }]]);
  const common = { rack: 'r12', model: 'H100', driver: '580.95.05', createdAtSeconds: 0 };
  ingest.nodeChanged(makeNode({ ...common, name: 'gpu-1' }), NOW);
  ingest.nodeChanged(makeNode({ ...common, name: 'gpu-7', devices: GPUS(7) }), NOW);
  ingest.nodeChanged(makeNode({ ...common, name: 'gpu-19', isReady: false }), NOW);
  ingest.nodeChanged(makeNode({ ...common, name: 'gpu-22', isCordoned: true }), NOW);
  const busyDays = 300;
  const put = (node: string, change: object) => {
    const history = store.draft(`uuid:${node}`);
    store.put({ ...history, node, exposure: { ...history.exposure, busyDays }, ...change });
  };
  put('gpu-7', {
    incidents: [
      openIncident({
        id: 'a',
        device: 'GPU-3f2c',
        code: '79',
        class: 'fatal',
        probability: 0.9,
        evidence: ['XID 79: the GPU has fallen off the bus', 'the device plugin has withdrawn it'],
        standing: ['withdrawn'],
        openedAtSeconds: NOW - 7200,
        lastSeenAtSeconds: NOW - 60,
      }),
    ],
    ignored: [
      {
        atSeconds: NOW - 3 * DAY_SECONDS,
        why: 'rollout',
        row: 'withdrawn',
        words: 'the device plugin has withdrawn 8 devices',
        times: 2,
      },
    ],
  });
  put('gpu-22', {
    incidents: [
      makeIncident({
        id: 'b',
        device: 'GPU-77aa',
        evidence: ['the kubelet could not give a pod its device'],
        openedAtSeconds: NOW - 21 * DAY_SECONDS,
        lastSeenAtSeconds: NOW - 21 * DAY_SECONDS,
        closedAtSeconds: NOW - 21 * DAY_SECONDS,
        endedAtBusyDays: busyDays - 21,
        verifiedAtSeconds: NOW - 20 * DAY_SECONDS,
      }),
    ],
  });
  ingest.podChanged(
    makePodFacts({
      name: 'train-3',
      node: 'gpu-1',
      deviceHealth: [{ resource: 'nvidia.com/gpu', device: 'GPU-0001', health: 'Healthy' }],
    }),
    true,
    NOW,
  );
  const snapshot = (): Snapshot => makeSnapshot(made, { nowSeconds: nowSeconds() });
  return { ...made, snapshot, decisions: new DecisionRecord() };
}
