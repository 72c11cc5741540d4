import { describe, expect, test } from 'vitest';
import { NodeEvents } from '../../../extender/decisions/node-events.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { makeIncident, makeNode } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const NOW = 1_000_000;

/** A node, and the Events on it after each change of its incidents. */
function telling({ isLeader = true } = {}) {
  const made = makeIngest();
  made.cluster.setNode(makeNode({ name: 'gpu-7' }));
  const told: string[] = [];
  const events = new NodeEvents({
    snapshot: () => makeSnapshot(made, { nowSeconds: NOW }),
    isLeader: () => isLeader,
    write: ({ name }, { reason, note }) => told.push(`${name} ${reason}: ${note}`),
  });
  made.store.subscribe({ stored: (before, after) => events.stored(before, after) });
  const put = (...incidents: readonly Incident[]) =>
    made.store.put({ ...made.store.draft('uuid:gpu-7'), incidents });
  return { told, put };
}

/** Recent, and certain. */
function fault(id: string, change: Partial<Incident> = {}): Incident {
  const at = { openedAtSeconds: NOW - 60, lastSeenAtSeconds: NOW - 60, closedAtSeconds: NOW - 60 };
  return makeIncident({ id, ...at, device: `GPU-${id}`, probability: 1, ...change });
}

describe('Events about a node', () => {
  test('tell once that its hazard has turned high', () => {
    const { told, put } = telling();
    put(fault('a', { scope: 'node' }));
    put(fault('a', { scope: 'node' }), fault('b', { scope: 'node' }));
    expect(told).toEqual([
      expect.stringMatching(
        /^gpu-7 HazardHigh: a pod that takes all its devices faces \d+ times the fleet's rate: the device plugin has withdrawn the device, on GPU-a, 60 s ago; surefoot node gpu-7 has the evidence$/,
      ),
    ]);
  });

  test('tell it again once it was normal in between', () => {
    const { told, put } = telling();
    put(fault('a', { scope: 'node' }));
    put();
    put(fault('c', { scope: 'node' }));
    expect(told).toHaveLength(2);
  });

  test('tell that incidents were forgiven, and why', () => {
    const { told, put } = telling();
    const weak = { probability: 0.01 };
    put(fault('a', weak), fault('b', weak));
    const forgiven = { atSeconds: NOW, reason: 'board replaced' };
    put(fault('a', { ...weak, forgiven }), fault('b', { ...weak, forgiven }));
    put(fault('a', { ...weak, forgiven }), fault('b', { ...weak, forgiven }));
    expect(told).toEqual(['gpu-7 IncidentsForgiven: 2 incidents were forgiven: board replaced']);
  });

  test('are for the replica that leads', () => {
    const { told, put } = telling({ isLeader: false });
    put(fault('a', { scope: 'node' }));
    expect(told).toEqual([]);
  });
});
