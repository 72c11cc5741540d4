import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import { ClusterStore } from '../../../extender/storage/cluster-store.ts';
import { statusOf } from '../../../extender/storage/encode.ts';
import { eventually } from '../../cluster/eventually.ts';
import { FakeHistoryApi } from '../../fake/history-api.ts';
import { makeIncident } from '../../make/facts.ts';

function storing(api = new FakeHistoryApi()) {
  const changes: string[] = [];
  const results: string[] = [];
  const store = new ClusterStore({
    api,
    onWritten: (result) => results.push(result),
    log: pino({ level: 'silent' }),
  });
  // Whoever subscribes must have been told of the last thing that changed, whatever a test does.
  const told = new Map<string, readonly [HostHistory, HostHistory]>();
  store.subscribe({
    changed: (host) => told.set(host, [store.get(host), store.draft(host)]),
    stored: (before, after) =>
      changes.push(`${before.incidents.length} -> ${after.incidents.length}`),
  });
  onTestFinished(() => {
    store.stop();
    for (const [host, last] of told) expect(last).toEqual([store.get(host), store.draft(host)]);
    for (const { host } of store.all()) expect(told.has(host)).toBe(true);
  });
  store.beginWriting();
  return { api, store, changes, results };
}

function struck(id: string, ...more: string[]): HostHistory {
  return {
    ...blankHistory('uuid:a'),
    node: 'gpu-1',
    incidents: [id, ...more].map((one) => makeIncident({ id: one, device: `GPU-${one}` })),
  };
}

const idsOf = ({ incidents }: HostHistory) => incidents.map(({ id }) => id);

describe('history in DeviceHistory objects', () => {
  test('is relied on once it is written, and not before', async () => {
    const { api, store, changes } = storing();
    store.put(struck('a'));
    expect(idsOf(store.draft('uuid:a'))).toEqual(['a']);
    expect(store.get('uuid:a').incidents).toEqual([]);
    await store.settled();
    expect(idsOf(store.get('uuid:a'))).toEqual(['a']);
    expect(api.calls).toEqual(['create uuid-a', 'status uuid-a']);
    expect(changes).toEqual(['0 -> 1']);
  });

  test('many changes of one host at once are one write', async () => {
    const { api, store } = storing();
    for (let index = 0; index < 100; index += 1) store.put(struck(String(index)));
    await store.settled();
    expect(api.calls).toEqual(['create uuid-a', 'status uuid-a']);
    expect(idsOf(store.get('uuid:a'))).toEqual(['99']);
  });

  test('while the API server is away it waits, says so, and is written afterwards', async () => {
    const { api, store, results } = storing();
    api.isAway = true;
    for (let index = 0; index < 500; index += 1) store.put(struck(String(index)));
    await eventually('a failure', () => results.includes('failed'));
    expect(store.unwritten).toBe(1);
    expect(store.remark()).toMatch(
      /^history of 1 hosts has waited \d+ s to be written: connect ECONNREFUSED$/,
    );
    api.isAway = false;
    await store.settled();
    expect(idsOf(store.get('uuid:a'))).toEqual(['499']);
    expect(store.remark()).toBeUndefined();
  });

  test('an object that somebody else has changed is built on: nothing of theirs is lost, nothing is there twice', async () => {
    const { api, store, results } = storing();
    store.put(struck('a'));
    await store.settled();
    api.touch('uuid-a', { status: statusOf(struck('a', 'theirs')).status });
    store.put(struck('a', 'ours'));
    await store.settled();
    expect(results).toEqual(['written', 'conflict', 'written']);
    expect(idsOf(store.get('uuid:a'))).toEqual(['theirs', 'a', 'ours']);
  });

  test('an object that was made and never filled, by a replica that was killed, is taken over', async () => {
    const api = new FakeHistoryApi();
    await api.create('uuid-a');
    const { store } = storing(api);
    store.put(struck('a'));
    await store.settled();
    expect(idsOf(store.get('uuid:a'))).toEqual(['a']);
  });

  test('an object that somebody has deleted is made again', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    api.objects.clear();
    store.put(struck('a', 'b'));
    await store.settled();
    expect(idsOf(store.get('uuid:a'))).toEqual(['a', 'b']);
  });

  test('an object that cannot be read is left as it is, and said', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    store.changed(api.touch('uuid-a', { status: { form: 9 } }));
    expect(store.remark()).toContain('its form is 9');
    const calls = api.calls.length;
    store.put(struck('b'));
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(api.calls).toHaveLength(calls);
  });

  test('a replica that does not keep the history writes nothing, and reads what the other one writes', async () => {
    const { api, store } = storing();
    store.stopWriting();
    store.put(struck('mine'));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(api.calls).toEqual([]);
    const other = storing(api);
    other.store.put(struck('theirs'));
    await other.store.settled();
    store.changed(await api.get('uuid-a'));
    expect(idsOf(store.get('uuid:a'))).toEqual(['theirs']);
  });

  test('the late echo of an older write of ours changes nothing', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    const first = await api.get('uuid-a');
    store.put(struck('a', 'b'));
    await store.settled();
    store.changed(first);
    expect(idsOf(store.get('uuid:a'))).toEqual(['a', 'b']);
  });

  test('what an outage kept from being written is written when it is our turn again', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    api.isAway = true;
    store.put(struck('a', 'unwritten'));
    store.stopWriting();
    api.isAway = false;
    store.changed(api.touch('uuid-a', { status: statusOf(struck('a', 'theirs')).status }));
    store.beginWriting();
    await store.settled();
    expect(idsOf(store.get('uuid:a'))).toEqual(['unwritten', 'a', 'theirs']);
  });

  test('a host that is written is settled, whatever else cannot be', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    store.changed(api.touch('uuid-a', { status: { form: 9 } }));
    store.put(struck('b'));
    store.put({ ...struck('c'), host: 'uuid:c' });
    await store.settled('uuid:c');
    await store.settled();
    expect(idsOf(store.get('uuid:c'))).toEqual(['c']);
  });

  test('what is forgotten is deleted', async () => {
    const { api, store } = storing();
    store.put(struck('a'));
    await store.settled();
    store.remove('uuid:a');
    await store.settled();
    expect([api.objects.size, [...store.all()].length]).toEqual([0, 0]);
  });
});
