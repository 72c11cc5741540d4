import { pino } from 'pino';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { nodeFacts } from '../../../extender/facts/nodes.ts';
import { blankHistory } from '../../../extender/history/host-history.ts';
import type { Incident } from '../../../extender/history/incident.ts';
import { ClusterStore } from '../../../extender/storage/cluster-store.ts';
import { statusOf } from '../../../extender/storage/encode.ts';
import { type DeviceHistory, objectNameOf } from '../../../extender/storage/schema.ts';
import { FakeHistoryApi } from '../../fake/history-api.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeProfile } from '../../make/profile.ts';
import { heapMeter } from './heap.ts';

const HOSTS = 5000;
const INCIDENTS_A_HOST = 10;
const DEVICES = 8;
const PAGE = 500;
const SIGNALS = 4000;
/** Hosts that break again and again; 64 incidents of each are kept. */
const BAD_HOSTS = 50;
const DAY = 86_400;

/** What the history of a large fleet costs: memory, the start, and one signal. */
export async function benchHistory(output: 'table' | 'json'): Promise<void> {
  const heap = heapMeter();
  const pages = Array.from({ length: HOSTS / PAGE }, (_none, page) =>
    JSON.stringify({
      items: Array.from({ length: PAGE }, (_one, index) => stored(page * PAGE + index)),
    }),
  );
  const bytesStored = pages.reduce((sum, page) => sum + page.length, 0);

  const empty = heap();
  const store = new ClusterStore({
    api: new FakeHistoryApi(),
    onWritten() {},
    log: pino({ level: 'silent' }),
  });
  const begun = performance.now();
  for (const page of pages) {
    for (const object of (JSON.parse(page) as { items: DeviceHistory[] }).items)
      store.changed(object);
  }
  const loadMs = performance.now() - begun;
  const loaded = heap();

  const { ingest } = makeIngest({ store });
  for (let index = 0; index < HOSTS; index += 1) ingest.nodeChanged(node(index), 0);
  const signalsMs: number[] = [];
  store.beginWriting();
  // Few hosts break again and again, so that their histories are full after the first round.
  const round = async (fromSeconds: number) => {
    for (let index = 0; index < SIGNALS; index += 1) {
      const host = index % BAD_HOSTS;
      const nodes = [node(host, 'True'), node(host)];
      for (const [later, changed] of nodes.entries()) {
        const started = performance.now();
        ingest.nodeChanged(changed, fromSeconds + index * 700 + later * 300);
        signalsMs.push(performance.now() - started);
      }
    }
    await store.settled();
    return heap();
  };
  const afterFirst = await round(100 * DAY);
  for (let again = 1; again <= 3; again += 1) await round((100 + again * 40) * DAY);
  const afterLast = await round(300 * DAY);
  signalsMs.sort((a, b) => a - b);
  store.stop();
  const figures = {
    hosts: HOSTS,
    incidents: HOSTS * INCIDENTS_A_HOST,
    storedMebibytes: mebibytes(bytesStored),
    historyMebibytes: mebibytes(loaded - empty),
    growthMebibytes: mebibytes(afterLast - afterFirst),
    loadSeconds: Number((loadMs / 1000).toFixed(2)),
    signalMedianMilliseconds: Number((signalsMs[Math.floor(signalsMs.length / 2)] ?? 0).toFixed(3)),
    signalP99Milliseconds: Number((signalsMs[Math.floor(signalsMs.length * 0.99)] ?? 0).toFixed(3)),
  };
  if (output === 'json') console.log(JSON.stringify(figures, null, 2));
  else {
    console.log(
      tableText([
        ['what', 'measured', 'goal'],
        [
          `history of ${HOSTS} hosts, ${figures.incidents} incidents`,
          `${figures.historyMebibytes} MiB`,
          '60 MB',
        ],
        [
          `and four more rounds of ${SIGNALS} faults add`,
          `${figures.growthMebibytes} MiB`,
          'steady',
        ],
        ['read from the pages of one list', `${figures.loadSeconds} s`, ''],
        ['one signal, median', `${figures.signalMedianMilliseconds} ms`, '1 ms'],
        ['one signal, p99', `${figures.signalP99Milliseconds} ms`, ''],
      ]),
    );
  }
}

function mebibytes(bytes: number): number {
  return Number((bytes / 2 ** 20).toFixed(1));
}

/** A host with ten faults of eight devices, as it stands in the API. */
function stored(index: number): DeviceHistory {
  const host = `uuid:host-${index}`;
  const incidents: Incident[] = Array.from({ length: INCIDENTS_A_HOST }, (_none, number) => ({
    id: `i${number}`,
    class: 'fatal',
    scope: 'device',
    resource: GPU,
    device: `GPU-${index}-${number % DEVICES}`,
    openedAtSeconds: number * DAY,
    lastSeenAtSeconds: number * DAY + 60,
    closedAtSeconds: number * DAY + 600,
    probability: 0.9,
    mergeSeconds: 180,
    standing: [],
    rows: ['nvsentinel-xid', 'device-unhealthy'],
    evidence: [
      'the kernel log has an XID: 79, fell off the bus',
      'the kubelet reports the device as unhealthy',
    ],
    owners: [`team-${index % 50}/Job/train-${number}`],
  }));
  const devices = Array.from({ length: DEVICES }, (_none, number) => ({
    id: `GPU-${index}-${number}`,
    resource: GPU,
    lastSeenAtSeconds: 0,
  }));
  const { status } = statusOf({
    ...blankHistory(host),
    node: `gpu-${index}`,
    incidents,
    devices,
    exposure: { busyDays: 30, atSeconds: 0, eras: [] },
    boot: { id: `boot-${index}`, atSeconds: 0 },
  });
  return {
    apiVersion: 'surefoot.dev/v1alpha1',
    kind: 'DeviceHistory',
    metadata: { name: objectNameOf(host), uid: host, resourceVersion: '1' },
    status,
  };
}

/** A node as the API has it, with the labels and conditions of a real one. */
function node(index: number, status = 'False') {
  return nodeFacts(
    {
      metadata: {
        name: `gpu-${index}`,
        uid: `uid-${index}`,
        labels: Object.fromEntries(
          Array.from({ length: 40 }, (_none, number) => [
            `nvidia.com/label-${number}`,
            String(number),
          ]),
        ),
      },
      status: {
        capacity: { [GPU]: DEVICES },
        allocatable: { [GPU]: DEVICES },
        nodeInfo: { systemUUID: `host-${index}`, bootID: `boot-${index}` },
        conditions: [
          { type: 'Ready', status: 'True' },
          ...['MemoryPressure', 'DiskPressure', 'PIDPressure', 'GpuSmWatch', 'GpuMemWatch'].map(
            (type) => ({ type, status: 'False' }),
          ),
          {
            type: 'SysLogsXIDError',
            status,
            message: `ErrorCode:79 GPU_UUID:GPU-${index % 10} ?;`,
          },
        ],
      },
    },
    CATALOGUE,
    [makeProfile()],
  );
}
