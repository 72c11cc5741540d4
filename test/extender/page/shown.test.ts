import { describe, expect, test } from 'vitest';
import type { PodFacts } from '../../../extender/facts/facts.ts';
import { blankHistory } from '../../../extender/history/host-history.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { shownNode } from '../../../extender/page/shown.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import { GPU, makeIncident, makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

function viewOf(
  pods: readonly PodFacts[],
  incidents: readonly Incident[] = [],
  known: readonly string[] = [],
): Snapshot {
  const made = makeIngest();
  for (const pod of pods) made.cluster.setPod(pod);
  const devices = known.map((id) => ({ id, resource: GPU, lastSeenAtSeconds: 0 }));
  made.store.put({ ...blankHistory('uuid:gpu-1'), incidents, devices });
  return makeSnapshot(made, { profiles: [] });
}

const holding = (...ids: readonly string[]) =>
  makePodFacts({
    devices: { resources: [{ resource: GPU, count: ids.length }], claims: [] },
    deviceHealth: ids.map((device) => ({ resource: GPU, device, health: 'Healthy' as const })),
  });
const offering = (allocatable: number) =>
  makeNode({ devices: new Map([[GPU, { capacity: 4, allocatable }]]) });
const open = ({ closedAtSeconds: _, ...incident }: Incident): Incident => incident;

describe('the devices of a node', () => {
  const rows: readonly {
    name: string;
    pods?: readonly PodFacts[];
    known?: readonly string[];
    allocatable?: number;
    incidents?: readonly Incident[];
    shows: string;
  }[] = [
    { name: 'nobody there', shows: '? free, ? free, ? free, ? free' },
    {
      name: 'named by the pod that has them, in the order of their numbers',
      pods: [holding('GPU-10', 'GPU-2')],
      shows: 'GPU-2 busy, GPU-10 busy, ? free, ? free',
    },
    {
      name: 'of a pod whose kubelet does not name them',
      pods: [makePodFacts({ deviceHealth: [] })],
      shows: '? free, ? free, ? free, ? busy',
    },
    {
      name: 'withdrawn, nobody knows which',
      allocatable: 3,
      shows: '? free, ? free, ? free, ? withdrawn',
    },
    {
      name: 'withdrawn, nobody knows which, and all have been named: any of the free ones may be it',
      known: ['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4'],
      pods: [holding('GPU-4')],
      allocatable: 3,
      shows: 'GPU-1 free, GPU-2 free, ? withdrawn, GPU-4 busy',
    },
    {
      name: 'two withdrawn, and a signal told one of them',
      known: ['GPU-1', 'GPU-2', 'GPU-3', 'GPU-4'],
      allocatable: 2,
      incidents: [open(makeIncident({ device: 'GPU-1' }))],
      shows: 'GPU-1 withdrawn (high), GPU-2 free, GPU-3 free, ? withdrawn',
    },
    {
      name: 'withdrawn, and a signal told which',
      allocatable: 3,
      incidents: [open(makeIncident({ device: 'GPU-1' }))],
      shows: 'GPU-1 withdrawn (high), ? free, ? free, ? free',
    },
    {
      name: 'repaired, and remembered',
      incidents: [makeIncident({ device: 'GPU-1' })],
      shows: 'GPU-1 free (high), ? free, ? free, ? free',
    },
    {
      name: 'unhealthy under a pod: withdrawn too, but one device',
      pods: [
        makePodFacts({
          deviceHealth: [{ resource: GPU, device: 'GPU-3', health: 'Unhealthy' }],
        }),
      ],
      allocatable: 3,
      shows: 'GPU-3 unhealthy, ? free, ? free, ? free',
    },
    {
      name: 'more faults remembered than there are devices',
      incidents: [1, 2, 3, 4, 5, 6].map((n) => makeIncident({ device: `GPU-${n}` })),
      shows: 'GPU-1 free (high), GPU-2 free (high), GPU-3 free (high), GPU-4 free (high)',
    },
  ];
  test.each(rows)(
    '$name',
    async ({ pods = [], allocatable = 4, incidents = [], known = [], shows }) => {
      const { devices } = shownNode(offering(allocatable), viewOf(pods, incidents, known));
      const words = devices.map(
        ({ id = '?', state, hazard }) =>
          `${id} ${state}${hazard === 'normal' ? '' : ` (${hazard})`}`,
      );
      expect(words.join(', ')).toBe(shows);
    },
  );

  test.each([
    { facts: {}, state: 'ready' },
    { facts: { isCordoned: true }, state: 'cordoned' },
    { facts: { isCordoned: true, isReady: false }, state: 'not ready' },
  ])('$state', async ({ facts, state }) => {
    expect(shownNode(makeNode(facts), viewOf([])).state).toBe(state);
  });
});

test('what is remembered of a node comes with its evidence, its weight and why it weighs less', async () => {
  const cause = { kind: 'rack', name: 'r1', hosts: 8 } as const;
  const { incidents } = shownNode(
    offering(4),
    viewOf([], [makeIncident({ probability: 0.8, cause })]),
  );
  expect(incidents).toMatchObject([
    {
      class: 'fatal',
      probability: 0.8,
      weight: 0.1,
      evidence: ['the device plugin has withdrawn the device'],
      discounts: ['8 nodes of rack r1 had it at once'],
    },
  ]);
});
