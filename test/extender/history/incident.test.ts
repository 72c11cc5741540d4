import { describe, expect, test } from 'vitest';
import { withRecovery, withSignal } from '../../../extender/history/incident.ts';
import type { Signal } from '../../../extender/history/signal.ts';
import { GPU, makeSignal } from '../../make/facts.ts';

const unhealthy = (atSeconds: number, device = 'GPU-0'): Signal =>
  makeSignal({
    row: 'device-unhealthy',
    atSeconds,
    device,
    isStanding: true,
    probability: 0.9,
    words: 'unhealthy',
  });
const withdrawn = (atSeconds: number): Signal =>
  makeSignal({
    row: 'allocatable-below-capacity',
    atSeconds,
    isStanding: true,
    probability: 0.8,
    words: 'withdrawn',
  });
const rejected = (atSeconds: number): Signal => makeSignal({ atSeconds, words: 'rejected' });
const fold = (...signals: readonly Signal[]) =>
  signals.reduce(withSignal, [] as ReturnType<typeof withSignal>);

describe('signals become incidents', () => {
  test('three signals of one fault are one incident with the strongest probability', () => {
    expect(fold(withdrawn(100), unhealthy(130), rejected(150))).toEqual([
      {
        resource: GPU,
        device: 'GPU-0',
        openedAtSeconds: 100,
        lastSeenAtSeconds: 150,
        probability: 0.9,
        standing: ['allocatable-below-capacity', 'device-unhealthy'],
        evidence: ['withdrawn', 'unhealthy', 'rejected'],
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
    expect(fold(withdrawn(0), { ...withdrawn(10), isFurther: true })).toHaveLength(2);
  });

  test('another resource is another fault', () => {
    expect(fold(rejected(0), makeSignal({ resource: 'amd.com/gpu' }))).toHaveLength(2);
  });
});

describe('recoveries', () => {
  const recovery = { row: 'device-unhealthy', resource: GPU, device: 'GPU-0', atSeconds: 500 };

  test('going healthy closes the incident and does not erase it', () => {
    const [incident] = withRecovery(fold(unhealthy(100)), recovery);
    expect(incident).toMatchObject({ closedAtSeconds: 500, probability: 0.9, standing: [] });
  });

  test('while another signal stands, the incident stays open', () => {
    const [incident] = withRecovery(fold(withdrawn(100), unhealthy(110)), recovery);
    expect(incident?.closedAtSeconds).toBeUndefined();
    expect(incident?.standing).toEqual(['allocatable-below-capacity']);
  });

  test('a recovery that nothing waited for changes nothing at all', () => {
    const incidents = fold(rejected(0));
    expect(withRecovery(incidents, recovery)).toBe(incidents);
    const other = fold(unhealthy(0, 'GPU-1'));
    expect(withRecovery(other, recovery)).toBe(other);
  });
});
