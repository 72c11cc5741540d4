import { describe, expect, test } from 'vitest';
import type { NodeFacts } from '../../extender/facts/facts.ts';
import { historyOf as historyIn } from '../../extender/storage/decode.ts';
import { statusOf } from '../../extender/storage/encode.ts';
import { MemoryStore } from '../../extender/storage/memory.ts';
import { makeIngest, makeMarkedNode } from '../make/ingest.ts';

/** Boards whose firmware was never given a UUID of its own, and machines that were cloned. */

const UUID = 'uuid:4c4c4544-0035-3510-8056-b7c04f4d3033';
const XID_79 = {
  type: 'XidCriticalError',
  status: 'True',
  reason: '{"79":true}',
  message: '',
};

const nodeNamed = (name: string, marks: Parameters<typeof makeMarkedNode>[0] = {}): NodeFacts =>
  makeMarkedNode(marks, { name, uid: `uid-${name}`, host: UUID, bootId: `boot-of-${name}` });
const healthy = (name: string) => nodeNamed(name);
const broken = (name: string) => nodeNamed(name, { conditions: [XID_79] });

/** A store with what was stored in another, as it is written and read. */
function restarted(before: MemoryStore): MemoryStore {
  const store = new MemoryStore();
  for (const history of before.all()) {
    const { status } = statusOf(history);
    const read = historyIn({
      apiVersion: 'surefoot.dev/v1alpha1',
      kind: 'DeviceHistory',
      metadata: { name: history.host },
      status: JSON.parse(JSON.stringify(status)),
    });
    if (!read.ok) throw new Error(read.problem);
    store.put(read.history);
  }
  return store;
}

function surefoot(store: MemoryStore) {
  const made = makeIngest({ store });
  const incidents = (name: string) =>
    made.historyOf(name).incidents.map((one) => `${one.class} ${one.probability}`);
  return { ...made, incidents };
}

describe('two Nodes with one system UUID', () => {
  test.each([
    { name: 'in the order of their names', listed: ['node-20', 'node-7'] },
    { name: 'in the other order', listed: ['node-7', 'node-20'] },
  ])('keep what is theirs over a restart, listed $name', ({ listed }) => {
    const store = new MemoryStore();
    const first = surefoot(store);
    first.ingest.nodeChanged(healthy('node-7'), 1000);
    first.ingest.nodeChanged(healthy('node-20'), 9000);
    first.ingest.nodeChanged(broken('node-7'), 50_000);
    expect(first.incidents('node-7')).toEqual(['fatal 0.95']);

    const again = surefoot(restarted(store));
    again.ingest.stopLeading();
    for (const name of listed) {
      again.ingest.nodeChanged(name === 'node-7' ? broken(name) : healthy(name), 60_000);
    }
    again.ingest.becomeLeader(60_001);
    expect(again.incidents('node-7')).toEqual(['fatal 0.95']);
    expect(again.incidents('node-20')).toEqual([]);
  });

  test.each([
    ['node-20', 'node-7'],
    ['node-7', 'node-20'],
  ])(
    'are told apart by the name that was stored when nobody saw the second one join: %s, %s',
    (...listed) => {
      const store = new MemoryStore();
      const first = surefoot(store);
      first.ingest.nodeChanged(broken('node-7'), 1000);

      const again = surefoot(restarted(store));
      again.ingest.stopLeading();
      for (const name of listed) {
        again.ingest.nodeChanged(name === 'node-7' ? broken(name) : healthy(name), 60_000);
      }
      again.ingest.becomeLeader(60_001);
      expect(again.incidents('node-7')).toEqual(['fatal 0.95']);
      expect(again.incidents('node-20')).toEqual([]);
    },
  );

  test('one that comes after the other has gone does not inherit, for nobody knows which machine it is', () => {
    const store = new MemoryStore();
    const first = surefoot(store);
    first.ingest.nodeChanged(broken('node-7'), 1000);
    first.ingest.nodeChanged(healthy('node-20'), 2000);
    first.ingest.nodeRemoved('uid-node-7', 3000);
    first.ingest.prune(200_000);

    const again = surefoot(restarted(store));
    again.ingest.nodeChanged(healthy('node-20'), 300_000);
    expect(again.incidents('node-20')).toEqual([]);
    expect(again.cluster.node('node-20')?.host).toBe('node:uid-node-20');
  });
});
