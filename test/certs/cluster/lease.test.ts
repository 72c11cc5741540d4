import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { Leader } from '../../../certs/cluster/lease.ts';
import { eventually } from '../../cluster/eventually.ts';
import { FakeLease } from '../../fake/history-api.ts';

function replica(api: FakeLease, identity: string) {
  const told: string[] = [];
  const leader = new Leader({
    api,
    identity,
    duty: 'leading',
    log: pino({ level: 'silent' }),
    timing: { durationSeconds: 3, renewDeadlineMs: 1500, retryMs: 100 },
    onLead: (lastRenewedAt) => told.push(lastRenewedAt === undefined ? 'leads first' : 'leads'),
    onLost: () => told.push('lost'),
  });
  const running = leader.run();
  const stop = async () => {
    leader.stop();
    await running;
  };
  onTestFinished(stop);
  return { leader, told, stop };
}

test('one of two leads; when it lets go, the other one follows without waiting for the lease to expire', async () => {
  const api = new FakeLease();
  const first = replica(api, 'first');
  await eventually('the first to lead', () => first.leader.isLeading);
  const second = replica(api, 'second');
  const begun = performance.now();
  await first.stop();
  await eventually('the second to lead', () => second.leader.isLeading);
  expect(performance.now() - begun).toBeLessThan(3000);
  expect([first.told, second.told]).toEqual([['leads first'], ['leads']]);
});

test('a lease that somebody else has taken is lost at once', async () => {
  const api = new FakeLease();
  const { leader, told } = replica(api, 'first');
  await eventually('it to lead', () => leader.isLeading);
  await api.replace(api.lease?.resourceVersion ?? '', 'other', 15);
  await eventually('it to notice', () => !leader.isLeading);
  expect(told).toEqual(['leads first', 'lost']);
});

test('a leader that cannot renew stops before the lease expires', async () => {
  const api = new FakeLease();
  const { leader } = replica(api, 'first');
  await eventually('it to lead', () => leader.isLeading);
  const begun = performance.now();
  api.isAway = true;
  await eventually('it to stop', () => !leader.isLeading, { timeoutSeconds: 20 });
  expect(performance.now() - begun).toBeLessThan(3000);
});

test('a lease that nobody renews is taken over once it has expired, and not before', async () => {
  const api = new FakeLease();
  await api.create('gone', 3);
  const begun = performance.now();
  const { leader, told } = replica(api, 'next');
  await eventually('it to lead', () => leader.isLeading);
  expect(performance.now() - begun).toBeGreaterThan(2900);
  expect(told).toEqual(['leads']);
});
