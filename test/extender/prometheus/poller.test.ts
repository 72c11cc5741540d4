import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { PrometheusPoller } from '../../../extender/prometheus/poller.ts';
import type { PrometheusSettings } from '../../../extender/prometheus/settings.ts';
import { standingByRow } from '../../../extender/prometheus/standing.ts';
import {
  type CatalogueRow,
  catalogueOf,
  parseCatalogue,
} from '../../../extender/signals/catalogue.ts';
import { findingFrom } from '../../../extender/signals/finding.ts';
import { MemoryStore } from '../../../extender/storage/memory.ts';
import { FakePrometheus } from '../../fake/prometheus.ts';
import { makeNode } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';

const ROWS = parseCatalogue(
  'test.yaml',
  `rows:
  - { name: xid, source: prometheus, trust: platform, query: XID, bad: "> 0", labels: { node: Hostname, device: UUID },
      class: fatal, code: ^(\\d+)$, read: value, words: an XID, cites: here }
  - { name: slow, source: prometheus, trust: platform, query: SLOW, bad: "> 0", labels: { node: Hostname },
      class: fatal, scope: node, standsFor: 60s, words: it is slow, cites: here }
`,
);
if (!ROWS.ok) throw new Error(ROWS.problems.join());
const CATALOGUE = catalogueOf(ROWS.value);

/** An extender that leads, and the Prometheus that it asks. */
function asking(store = new MemoryStore()) {
  const prometheus = new FakePrometheus();
  const { ingest, cluster, historyOf } = makeIngest({ store, catalogue: () => CATALOGUE });
  let now = 1000;
  let questionMs = 0;
  let settings: PrometheusSettings | undefined = {
    url: 'http://p:9090',
    trusted: { job: ['dcgm'] },
  };
  const counts = { answered: 0, failed: 0, unheard: 0 };
  const poller = new PrometheusPoller({
    settings: () => settings,
    catalogue: () => CATALOGUE,
    ask: prometheus.ask,
    isLeader: () => ingest.isLeader,
    isNode: (name) => cluster.node(name) !== undefined,
    standing: (rows) => standingByRow(store.all(), rows),
    measured: (row, node, found) => ingest.measured(row, node, found, now),
    forget: (isAsked) => ingest.forgetMeasured(isAsked),
    onAsked: (result) => {
      counts[result] += 1;
    },
    onUnheard: (count) => {
      counts.unheard += count;
    },
    nowSeconds: () => now,
    // As if each question took so long.
    nowMs: () => prometheus.asked.length * questionMs,
    log: pino({ level: 'silent' }),
  });
  for (const name of ['gpu-1', 'gpu-2'])
    ingest.nodeChanged(makeNode({ name, uid: name, host: `uuid:${name}` }), 0);
  return {
    prometheus,
    ingest,
    poller,
    counts,
    store,
    configure: (to: PrometheusSettings | undefined) => {
      settings = to;
    },
    slow: (ms: number) => {
      questionMs = ms;
    },
    async round(atSeconds: number) {
      now = atSeconds;
      await poller.round();
    },
    incidents: (node = 'gpu-1') => historyOf(node).incidents,
  };
}

const xid = (value: string, UUID = 'GPU-a', Hostname = 'gpu-1', job = 'dcgm') => ({
  labels: { Hostname, UUID, job },
  value,
});

describe('what metrics say of a device', () => {
  test('is one incident while it stands, and ends when the device is said to be well', async () => {
    const { prometheus, round, incidents, poller } = asking();
    prometheus.set('XID', [xid('79'), xid('0', 'GPU-b')]);
    await round(1000);
    await round(1030);
    expect(incidents()).toMatchObject([
      { device: 'GPU-a', standing: ['xid|GPU-a|79'], openedAtSeconds: 1000 },
    ]);
    prometheus.set('XID', [xid('0'), xid('0', 'GPU-b')]);
    await round(1060);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 1060 }]);
    expect(poller.state).toEqual({ url: 'http://p:9090', askedAtSeconds: 1060, problems: [] });
  });

  test('goes on while its series is absent: that says nothing', async () => {
    const { prometheus, round, incidents } = asking();
    prometheus.set('XID', [xid('79'), xid('0', 'GPU-b')]);
    await round(1000);
    prometheus.set('XID', [xid('0', 'GPU-b')]);
    await round(1030);
    prometheus.set('XID', []);
    await round(1060);
    expect(incidents()).toMatchObject([{ standing: ['xid|GPU-a|79'] }]);
    prometheus.set('XID', [xid('0')]);
    await round(1090);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 1090 }]);
  });

  test('of a value that is no number is nothing', async () => {
    const { prometheus, round, incidents } = asking();
    prometheus.set('XID', [xid('79')]);
    await round(1000);
    prometheus.set('XID', [xid('NaN')]);
    await round(1030);
    expect(incidents()).toMatchObject([{ standing: ['xid|GPU-a|79'] }]);
  });

  test('ends a day after the device was last heard of, where others of its node are', async () => {
    const { prometheus, round, incidents } = asking();
    prometheus.set('XID', [xid('79'), xid('0', 'GPU-b')]);
    await round(1000);
    prometheus.set('XID', [xid('0', 'GPU-c')]);
    for (const atSeconds of [1030, 50_000, 87_000]) await round(atSeconds);
    expect(incidents()).toMatchObject([{ standing: ['xid|GPU-a|79'] }]);
    await round(87_500);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 87_500 }]);
  });

  test('ends where nobody is asked any more', async () => {
    const { prometheus, round, incidents, configure, ingest } = asking();
    prometheus.set('XID', [xid('79')]);
    await round(1000);
    configure(undefined);
    await round(1030);
    ingest.devicesChanged('gpu-1', 1031);
    expect(incidents()).toMatchObject([{ standing: [], closedAtSeconds: 1031 }]);
  });

  test('of the code that a condition has told of is the same fault', async () => {
    const { prometheus, round, incidents, ingest } = asking();
    const row = CATALOGUE.rows.find(({ name }) => name === 'xid') as CatalogueRow;
    const finding = {
      ...findingFrom({ row, worth: row.worth, device: 'GPU-a', code: '79' }),
      key: 'elsewhere|GPU-a|79',
    };
    ingest.customChanged('condition', 'gpu-1', [finding], 10);
    prometheus.set('XID', [xid('79')]);
    await round(300_000);
    expect(incidents()).toMatchObject([{ standing: ['elsewhere|GPU-a|79', 'xid|GPU-a|79'] }]);
  });

  test('is asked for of nodes on which something stands only', async () => {
    const { prometheus, round } = asking();
    const kinds = () =>
      prometheus.asked.splice(0).map((query) => {
        const what = query.includes(' unless ') ? 'well' : 'bad';
        return `${/\((\w+)\n/.exec(query)?.[1]} ${what}`;
      });
    await round(1000);
    expect(kinds().toSorted()).toEqual(['SLOW bad', 'XID bad']);
    prometheus.set('XID', [xid('79')]);
    await round(1030);
    expect(kinds().toSorted()).toEqual(['SLOW bad', 'XID bad']);
    await round(1060);
    expect(kinds().toSorted()).toEqual(['SLOW bad', 'XID bad', 'XID well']);
  });

  test('stands through a restart of ours, and through a Prometheus that is away', async () => {
    const { prometheus, round, store } = asking();
    prometheus.set('XID', [xid('79')]);
    await round(1000);
    const next = asking(store);
    next.prometheus.isAway = true;
    next.ingest.nodeChanged(makeNode({ labels: { a: 'b' } } as never), 1100);
    await next.round(1130);
    expect(next.incidents()).toMatchObject([{ standing: ['xid|GPU-a|79'] }]);
    expect(next.counts).toEqual({ answered: 0, failed: 1, unheard: 0 });
    expect(next.poller.state?.problems).toEqual(['Prometheus does not answer']);
    next.prometheus.isAway = false;
    next.prometheus.set('XID', [xid('79')]);
    await next.round(1160);
    expect(next.incidents()).toHaveLength(1);
    next.prometheus.set('XID', [xid('0')]);
    await next.round(1190);
    expect(next.incidents()).toMatchObject([{ standing: [], closedAtSeconds: 1190 }]);
  });

  test('counts once it has stood for its time', async () => {
    const { prometheus, ingest, round, incidents } = asking();
    prometheus.set('SLOW', [{ labels: { Hostname: 'gpu-1', job: 'dcgm' }, value: '1' }]);
    await round(1000);
    ingest.tick(1001);
    expect(incidents()).toEqual([]);
    await round(1030);
    await round(1061);
    ingest.tick(1062);
    expect(incidents()).toMatchObject([{ standing: ['slow'], scope: 'node' }]);
  });

  test('does not count where it was not heard of again in its time', async () => {
    const { prometheus, ingest, round, incidents } = asking();
    prometheus.set('SLOW', [{ labels: { Hostname: 'gpu-1', job: 'dcgm' }, value: '1' }]);
    await round(1000);
    prometheus.set('SLOW', []);
    await round(1030);
    await round(1061);
    ingest.tick(1062);
    expect(incidents()).toEqual([]);
  });

  test('is not heard of targets that are not trusted, and of no node', async () => {
    const { prometheus, round, incidents, counts, poller } = asking();
    prometheus.set('XID', [xid('79', 'GPU-a', 'gpu-1', 'evil'), xid('79', 'GPU-a', 'gpu-99')]);
    await round(1000);
    expect(incidents()).toEqual([]);
    expect(counts.unheard).toBe(1);
    expect(poller.state?.problems).toEqual([
      'row xid: none of its 1 bad series names a Node of the cluster by its labels Hostname and UUID',
    ]);
  });

  test('is asked for row by row for 25 s, and next time of the others first', async () => {
    const { prometheus, round, poller, slow } = asking();
    slow(26_000);
    await round(1000);
    await round(1030);
    expect(poller.state?.problems).toEqual([
      'the answers took 25 s: 1 of 2 rows wait for the next round',
    ]);
    const rows = prometheus.asked.map((query) => /\((\w+)\n/.exec(query)?.[1]);
    expect(rows.toSorted()).toEqual(['SLOW', 'XID']);
  });

  test('is as before where a Prometheus is named again', async () => {
    const { prometheus, round, configure, incidents, ingest } = asking();
    configure(undefined);
    await round(1000);
    configure({ url: 'http://p:9090', trusted: { job: ['dcgm'] } });
    prometheus.set('XID', [xid('79')]);
    await round(1030);
    prometheus.set('XID', []);
    await round(1060);
    ingest.devicesChanged('gpu-1', 1061);
    expect(incidents()).toMatchObject([{ standing: ['xid|GPU-a|79'] }]);
  });

  test('is not asked for by a replica that does not lead, nor where no Prometheus is named', async () => {
    const { prometheus, round, ingest, configure, poller } = asking();
    configure(undefined);
    await round(1000);
    expect(poller.state).toBeUndefined();
    configure({ url: 'http://p:9090', trusted: { job: ['dcgm'] } });
    ingest.stopLeading();
    await round(1030);
    expect(prometheus.asked).toEqual([]);
  });
});
