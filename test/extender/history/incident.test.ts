import { describe, expect, test } from 'vitest';
import {
  discountsInWords,
  type Incident,
  incidentWeight,
  withEvidence,
  withRecovery,
  withSignal,
} from '../../../extender/history/incident.ts';
import type { Signal } from '../../../extender/signals/signal.ts';
import { GPU, makeIncident, makeSignal } from '../../make/facts.ts';

const unhealthy = (atSeconds: number, device = 'GPU-0'): Signal =>
  makeSignal({
    row: 'device-unhealthy',
    atSeconds,
    device,
    standing: `device-unhealthy|${GPU}|${device}`,
    class: 'fatal',
    probability: 0.9,
    words: 'unhealthy',
  });
const withdrawn = (atSeconds: number, ordinal = 1): Signal =>
  makeSignal({
    row: 'allocatable-below-capacity',
    atSeconds,
    standing: `allocatable-below-capacity|${GPU}|${ordinal}`,
    class: 'fatal',
    probability: 0.8,
    words: 'withdrawn',
  });
const rejected = (atSeconds: number): Signal => makeSignal({ atSeconds, words: 'rejected' });
const fold = (...signals: readonly Signal[]) =>
  signals.reduce<readonly Incident[]>((all, signal) => withSignal(all, signal), []);

describe('signals become incidents', () => {
  test('three signals of one fault are one incident with the strongest probability', () => {
    expect(fold(withdrawn(100), unhealthy(130), rejected(150))).toEqual([
      {
        id: '2s',
        class: 'fatal',
        scope: 'device',
        mergeSeconds: 180,
        owners: [],
        resource: GPU,
        device: 'GPU-0',
        openedAtSeconds: 100,
        lastSeenAtSeconds: 150,
        probability: 0.9,
        standing: [
          'allocatable-below-capacity|nvidia.com/gpu|1',
          'device-unhealthy|nvidia.com/gpu|GPU-0',
        ],
        evidence: ['withdrawn', 'unhealthy', 'rejected'],
        rows: ['allocatable-below-capacity', 'device-unhealthy', 'kubelet-rejected-pod'],
      },
    ]);
  });

  test('a burst is one incident, a day later is another', () => {
    expect(fold(rejected(0), rejected(60), rejected(200))).toHaveLength(1);
    expect(fold(rejected(0), rejected(86_400))).toHaveLength(2);
  });

  test('two devices are two incidents', () => {
    expect(fold(unhealthy(0, 'GPU-0'), unhealthy(1, 'GPU-1'))).toHaveLength(2);
  });

  test('a standing fault reported again much later is still the same', () => {
    expect(fold(unhealthy(0), unhealthy(7200))).toHaveLength(1);
  });

  test('a withdrawal reported again after a reboot is still the same fault', () => {
    expect(fold(withdrawn(0), withdrawn(7200))).toHaveLength(1);
  });

  test('one more device withdrawn is one more fault', () => {
    expect(fold(withdrawn(0), withdrawn(10, 2))).toHaveLength(2);
  });

  test('another resource is another fault', () => {
    expect(fold(rejected(0), makeSignal({ resource: 'amd.com/gpu' }))).toHaveLength(2);
  });
});

describe('what is one fault, and what is not', () => {
  const boot = (atSeconds: number) =>
    makeSignal({
      row: 'unplanned-boot',
      class: 'infrastructure',
      scope: 'node',
      probability: 0.1,
      atSeconds,
    });
  const xid = (code: string, atSeconds: number, device?: string) => {
    const { resource: _any, ...rest } = makeSignal({ row: 'xid', code, class: 'fatal', atSeconds });
    return {
      ...rest,
      standing: `xid|${device}|${code}`,
      ...(device !== undefined && { device }),
    };
  };
  const sticky = (atSeconds: number) => ({
    ...xid('79', atSeconds, 'GPU-0'),
    mergeSeconds: 10_800,
  });
  const rows: readonly { name: string; signals: readonly Signal[]; faults: number }[] = [
    {
      name: 'order does not matter',
      signals: [rejected(150), unhealthy(130), withdrawn(100)],
      faults: 1,
    },
    {
      name: 'a rejection an hour later, while the fault stands',
      signals: [unhealthy(0), rejected(3600)],
      faults: 1,
    },
    { name: 'a boot within a quarter of an hour', signals: [rejected(0), boot(800)], faults: 1 },
    { name: 'a boot later', signals: [rejected(0), boot(2000)], faults: 2 },
    {
      name: 'two codes of one device at once',
      signals: [xid('48', 0, 'GPU-0'), xid('63', 20, 'GPU-0')],
      faults: 1,
    },
    {
      name: 'two codes that name no device at once',
      signals: [xid('48', 0), xid('79', 20)],
      faults: 1,
    },
    {
      name: 'a new code a day later, while the first stands',
      signals: [xid('48', 0), xid('79', 86_400)],
      faults: 2,
    },
    {
      name: 'a sticky code two hours later',
      signals: [{ ...sticky(0) }, { ...sticky(7200), standing: 'again' }],
      faults: 1,
    },
    {
      name: 'codes of two devices',
      signals: [xid('79', 0, 'GPU-0'), xid('79', 1, 'GPU-1')],
      faults: 2,
    },
    { name: 'a device that is named later', signals: [xid('79', 0), unhealthy(10)], faults: 1 },
    {
      name: 'two withdrawn and both named',
      signals: [withdrawn(0, 1), withdrawn(0, 2), unhealthy(5, 'GPU-0'), unhealthy(5, 'GPU-1')],
      faults: 2,
    },
  ];
  test.each(rows)('$name', ({ signals, faults }) => {
    expect(fold(...signals)).toHaveLength(faults);
  });

  test('a forgiven fault is over: what comes back is a new one', () => {
    const [incident] = fold(rejected(0));
    const forgiven = [{ ...(incident as Incident), forgiven: { atSeconds: 5, reason: 'swapped' } }];
    expect(withSignal(forgiven, rejected(10))).toHaveLength(2);
  });

  test('ids of one host never meet', () => {
    const ids = fold(unhealthy(0, 'GPU-0'), unhealthy(0, 'GPU-1'), unhealthy(0, 'GPU-2')).map(
      ({ id }) => id,
    );
    expect(new Set(ids).size).toBe(3);
  });

  test('evidence speaks for a fault, and makes neither a stronger one nor a longer one', () => {
    const incidents = fold(rejected(0));
    const [incident] =
      withEvidence(incidents, makeSignal({ probability: 1, atSeconds: 100, words: 'an Event' })) ??
      [];
    expect(incident).toMatchObject({
      probability: 0.7,
      lastSeenAtSeconds: 0,
      evidence: ['rejected', 'an Event'],
    });
    expect(withEvidence(incidents, makeSignal({ atSeconds: 9000 }))).toBeUndefined();
  });

  test('the same code under another owner is the device’s', () => {
    const repeats = {
      times: 2,
      withinSeconds: 86_400,
      class: 'degraded' as const,
      probability: 0.3,
    };
    const xid13 = (atSeconds: number) =>
      makeSignal({
        row: 'xid',
        code: '13',
        class: 'application',
        probability: 0,
        device: 'GPU-0',
        repeats,
        atSeconds,
      });
    const twice = (second: string) =>
      withSignal(withSignal([], xid13(0), ['a']), xid13(5000), [second]).map(
        ({ probability }) => probability,
      );
    expect(twice('a')).toEqual([0, 0]);
    expect(twice('b')).toEqual([0, 0.3]);
  });
});

describe('what an incident counts for', () => {
  const rows: readonly {
    name: string;
    incident: Partial<Incident>;
    weight: number;
    says: string;
  }[] = [
    { name: 'nothing explains it', incident: {}, weight: 0.8, says: '' },
    {
      name: 'a rack',
      incident: { cause: { kind: 'rack', name: 'r1', hosts: 8 } },
      weight: 0.1,
      says: '8 nodes of rack r1 had it at once',
    },
    {
      name: 'a rack of which the name says what it is',
      incident: { cause: { kind: 'rack', name: 'Rack-3', hosts: 8 } },
      weight: 0.1,
      says: '8 nodes of Rack-3 had it at once',
    },
    {
      name: 'a blip of a rack',
      incident: { class: 'infrastructure', cause: { kind: 'rack', name: 'r1', hosts: 8 } },
      weight: 0,
      says: '8 nodes of rack r1 had it at once',
    },
    {
      name: 'a job',
      incident: { cause: { kind: 'owner', name: 'team/Job/bad', hosts: 50 } },
      weight: 0,
      says: "team/Job/bad failed on 50 nodes at once, so it is the workload's own",
    },
    {
      name: 'a verified repair',
      incident: { verifiedAtSeconds: 5 },
      weight: 0.2,
      says: 'a test after the repair has passed',
    },
    {
      name: 'a new device in the slot',
      incident: { swappedAtSeconds: 5 },
      weight: 0.4,
      says: 'the device has been replaced since',
    },
    {
      name: 'forgiveness',
      incident: { forgiven: { atSeconds: 5, reason: 'cable' } },
      weight: 0,
      says: 'forgiven: cable',
    },
  ];
  test.each(rows)('$name', ({ incident, weight, says }) => {
    const one = makeIncident({ probability: 0.8, ...incident });
    expect(incidentWeight(one)).toBeCloseTo(weight);
    expect(discountsInWords(one).join()).toBe(says);
  });
});

describe('recoveries', () => {
  const KEY = `device-unhealthy|${GPU}|GPU-0`;

  test('going healthy closes the incident and does not erase it', () => {
    const [incident] = withRecovery(fold(unhealthy(100)), KEY, 500);
    expect(incident).toMatchObject({ closedAtSeconds: 500, probability: 0.9, standing: [] });
  });

  test('while another signal stands, the incident stays open', () => {
    const [incident] = withRecovery(fold(withdrawn(100), unhealthy(110)), KEY, 500);
    expect(incident?.closedAtSeconds).toBeUndefined();
    expect(incident?.standing).toEqual([`allocatable-below-capacity|${GPU}|1`]);
  });

  test('a recovery that nothing waited for changes nothing at all', () => {
    const incidents = fold(rejected(0));
    expect(withRecovery(incidents, KEY, 500)).toBe(incidents);
    const other = fold(unhealthy(0, 'GPU-1'));
    expect(withRecovery(other, KEY, 500)).toBe(other);
  });
});
