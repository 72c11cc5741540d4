import { describe, expect, test } from 'vitest';
import { blankHistory, type HostHistory } from '../../../extender/history/host-history.ts';
import { historyOf } from '../../../extender/storage/decode.ts';
import { statusOf } from '../../../extender/storage/encode.ts';
import { type DeviceHistory, objectNameOf } from '../../../extender/storage/schema.ts';
import { GPU, makeIncident } from '../../make/facts.ts';

const WHOLE: HostHistory = {
  host: 'uuid:abc',
  node: 'gpu-7',
  incidents: [
    makeIncident({
      id: 'b',
      device: 'GPU-3f2c',
      pciSlot: '0000:3b',
      code: '79',
      owners: ['team-a/Job/train'],
      cause: { kind: 'rack', name: 'r1', hosts: 8 },
      endedAtBusyDays: 11,
      verifiedAtSeconds: 5,
      swappedAtSeconds: 6,
      swappedAtBusyDays: 12,
      forgiven: { atSeconds: 7, reason: 'cable' },
    }),
  ],
  exposure: {
    busyDays: 20.5,
    atSeconds: 1000,
    foldedAtSeconds: 700,
    eras: [
      { fromBusyDays: 0, fromSeconds: 10, cohorts: 'model=H100|rack=r1|age=0' },
      { fromBusyDays: 12, fromSeconds: 500, cohorts: 'model=H100|rack=r1|age=1' },
    ],
  },
  firstSeenAtSeconds: 5,
  departures: [
    {
      slot: { key: 'team-a/Job/train/0', workload: 'team-a/Job/train', interchangeable: false },
      podUid: 'u',
      node: 'gpu-7',
      cause: 'crashed',
      atSeconds: 900,
      ranSeconds: 100,
      devices: { resources: [{ resource: GPU, count: 8 }], claims: ['c'] },
      images: ['registry.example/train:1'],
      wishes: '0123456789abcdef0123',
      coldStartForOthersSeconds: 20,
      homeUntilSeconds: 1900,
    },
  ],
  counted: [{ uid: 'u', atSeconds: 900 }],
  countedThroughSeconds: 800,
  boot: { id: 'boot-1', atSeconds: 10 },
  maintenance: { sinceSeconds: 20, untilSeconds: 30, words: 'kured reboots the node' },
  repairs: [40, 50],
  awayAtSeconds: [60],
  marks: ['autopilot-dcgm-passed|PASS_1'],
  devices: [
    {
      id: 'GPU-3f2c',
      resource: GPU,
      pciSlot: '0000:3b',
      lastSeenAtSeconds: 60,
      firstSeenAtSeconds: 5,
      fromBusyDays: 12,
    },
  ],
  capacityPeaks: { [GPU]: 8 },
  raised: [
    { fromSeconds: 1_700_000_000, untilSeconds: 1_700_600_000 },
    { fromSeconds: 1_701_000_000 },
  ],
  ignored: [
    { atSeconds: 70, why: 'boot', row: 'nvsentinel-link', words: 'a link is down', times: 3 },
  ],
};

function stored(status: unknown, name = 'uuid-abc'): DeviceHistory {
  return { apiVersion: 'surefoot.dev/v1alpha1', kind: 'DeviceHistory', metadata: { name }, status };
}

describe('a stored history', () => {
  test('is what was written, all of it', () => {
    const { status, history } = statusOf(WHOLE);
    expect(history).toBe(WHOLE);
    expect(historyOf(stored(JSON.parse(JSON.stringify(status))))).toEqual({
      ok: true,
      history: WHOLE,
    });
  });

  test('is summed up for kubectl get', () => {
    const { status } = statusOf({
      ...WHOLE,
      incidents: [makeIncident({ device: 'GPU-1', lastSeenAtSeconds: 86_400 })],
    });
    expect(status).toMatchObject({
      summary: {
        faults: 1,
        open: 0,
        lastFaultAt: '1970-01-02T00:00:00.000Z',
        worst: 'the device plugin has withdrawn the device, on GPU-1',
      },
    });
  });

  // Until 2026-11-29 nobody wrote down what a slot asks of its node.
  test('of a slot without what it asks of its node is read', () => {
    const { status } = statusOf(WHOLE);
    const before = JSON.parse(JSON.stringify(status).replace(/"wishes":"[^"]*",/, ''));
    expect(before).not.toEqual(status);
    const read = historyOf(stored(before));
    const [departure] = read.ok ? read.history.departures : [];
    expect(departure).not.toHaveProperty('wishes');
    expect({ wishes: '0123456789abcdef0123', ...departure }).toEqual(WHOLE.departures[0]);
  });

  // As it was written on 2026-11-25. Whatever the form becomes, this is read for ever.
  test('of form 1 is read', () => {
    const form1 = {
      form: 1,
      host: 'uuid:abc',
      node: 'gpu-7',
      incidents: [
        {
          id: 'a',
          class: 'fatal',
          scope: 'device',
          resource: GPU,
          device: 'GPU-3f2c',
          openedAt: '2026-11-25T10:00:00.000Z',
          lastSeenAt: '2026-11-25T10:01:00.000Z',
          closedAt: '2026-11-25T10:05:00.000Z',
          probability: 0.9,
          weight: 0.9,
          discounts: [],
          mergeSeconds: 180,
          standing: [],
          evidence: ['the kubelet reports the device as unhealthy'],
          owners: [],
        },
      ],
      exposure: { deviceDays: [1, 2], at: '2026-11-25T10:00:00.000Z' },
      departures: [],
      counted: [],
      repairs: [],
      marks: [],
      devices: [],
      capacityPeaks: { [GPU]: 8 },
      ignored: [],
    };
    const read = historyOf(stored(form1));
    expect(read).toMatchObject({
      ok: true,
      history: {
        node: 'gpu-7',
        awayAtSeconds: [],
        incidents: [
          { device: 'GPU-3f2c', openedAtSeconds: Date.parse('2026-11-25T10:00:00Z') / 1000 },
        ],
        // Two device-days that count half after 90 days, on eight devices.
        exposure: { busyDays: expect.closeTo(0.25, 2), eras: [{ fromBusyDays: 0, cohorts: '' }] },
      },
    });
    // It is taken to have worked without a pause until then.
    const [era] = read.ok ? read.history.exposure.eras : [];
    const writtenAtSeconds = Date.parse('2026-11-25T10:00:00Z') / 1000;
    expect((writtenAtSeconds - (era?.fromSeconds ?? 0)) / 86_400).toBeCloseTo(0.25, 2);
    const [incident] = read.ok ? read.history.incidents : [];
    expect(incident?.endedAtBusyDays).toBeCloseTo(0.25, 2);
  });

  test.each([
    {
      name: 'of a newer Surefoot',
      status: { form: 3 },
      says: 'devicehistory/uuid-abc: its form is 3, which a newer Surefoot wrote; this one reads up to 2',
    },
    {
      name: 'with a hole',
      status: { form: 1, host: 'h' },
      says: /^devicehistory\/uuid-abc: status\.node: .*; delete the object to begin anew$/,
    },
  ])('$name is not read, and why is said', ({ status, says }) => {
    const read = historyOf(stored(status));
    expect(read.ok ? '' : read.problem).toMatch(says);
  });

  test('is at most 64 KiB: what is of least use goes first, open and heavy faults stay', () => {
    const long = 'x'.repeat(700);
    const { closedAtSeconds: _none, ...open } = makeIncident({ id: 'open', evidence: [long] });
    const incidents = [
      ...Array.from({ length: 63 }, (_one, index) =>
        makeIncident({
          id: String(index),
          lastSeenAtSeconds: index,
          evidence: [`${long}${index}`],
          probability: index % 2,
        }),
      ),
      open,
    ];
    const departures = Array.from({ length: 64 }, (_one, index) => ({
      ...(WHOLE.departures[0] as HostHistory['departures'][number]),
      podUid: String(index),
    }));
    const { status, history } = statusOf({ ...WHOLE, incidents, departures });
    expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThanOrEqual(64 * 1024);
    expect(history.ignored).toEqual([]);
    expect(history.incidents).toContain(open);
    expect(history.departures).toEqual([]);
    expect(history.incidents.length).toBeGreaterThan(60);
    // Pods that are not named any more are not counted again: they ended by then.
    expect(history.counted).toEqual([]);
    expect(history.countedThroughSeconds).toBe(900);
  });
});

describe('names of objects', () => {
  test.each([
    ['uuid:4c4c4544-0042', 'uuid-4c4c4544-0042'],
    ['host:h-7', 'host-h-7'],
  ])('%s is %s', (host, name) => {
    expect(objectNameOf(host)).toBe(name);
  });

  test('hosts that look alike have names of their own, all of them valid', () => {
    const hosts = [
      'provider:aws:///eu/i-1',
      'provider:aws:///eu-i-1',
      'provider:aws-eu-i-1',
      'node:ABC',
      'node:abc',
      `provider:${'x'.repeat(300)}`,
    ];
    const names = hosts.map(objectNameOf);
    expect(new Set(names).size).toBe(hosts.length);
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/);
  });

  test('a blank history is stored and read too', () => {
    const { status } = statusOf(blankHistory('node:n'));
    expect(historyOf(stored(status))).toMatchObject({ ok: true });
  });
});
