import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LeaderElector, type Lease } from '../../../certs/cluster/lease.ts';
import { eventually } from '../../cluster/eventually.ts';
import { FakeLease } from '../../fake/history-api.ts';

function replica(api: FakeLease, identity: string) {
  const told: string[] = [];
  const toldAtMs: number[] = [];
  const leader = new LeaderElector({
    api,
    identity,
    duty: 'leading',
    log: pino({ level: 'silent' }),
    timing: { durationSeconds: 3, renewDeadlineMs: 1500, retryMs: 100 },
    onLead: (lastRenewedAt) => {
      told.push(lastRenewedAt === undefined ? 'leads first' : 'leads');
      toldAtMs.push(performance.now());
    },
    onLost: () => {
      told.push('lost');
      toldAtMs.push(performance.now());
    },
  });
  const running = leader.run();
  const stop = async () => {
    leader.stop();
    await running;
  };
  onTestFinished(stop);
  return { leader, told, toldAtMs, stop };
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
  await api.replace(api.lease as Lease, 'other', 15);
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

/** What client-go's leader election does (tools/leaderelection, v0.35), case by case; a duration of 3 s, 1.5 s to renew. */
describe('as client-go has it', () => {
  interface Case {
    readonly name: string;
    readonly spoil: (api: FakeLease) => void;
    /** How long the leader may go on, in milliseconds from when it is spoilt. */
    readonly mostMs: number;
    /** Whether another replica follows once the lease has expired. */
    readonly follows: boolean;
  }
  /** A machine that is busy wakes us later than we asked for; these are what must hold all the same. */
  const BEFORE_ITS_DEADLINE_MS = 1500;
  const BEFORE_IT_EXPIRES_MS = 3000;
  const cases: readonly Case[] = [
    {
      name: 'the API server is away: the leader stops at its deadline',
      spoil: (api) => {
        api.isAway = true;
      },
      mostMs: BEFORE_IT_EXPIRES_MS,
      follows: false,
    },
    {
      name: 'no answer comes to a look at the lease: the same',
      spoil: (api) => {
        api.lateMs.get = 60_000;
      },
      mostMs: BEFORE_IT_EXPIRES_MS,
      follows: false,
    },
    {
      name: 'the lease is renewed, and the answer comes after the deadline: not believed',
      spoil: (api) => {
        api.lateMs.replace = 1600;
      },
      mostMs: BEFORE_IT_EXPIRES_MS,
      follows: false,
    },
    {
      name: 'the lease was given to another meanwhile: the leader stops at once',
      spoil: (api) => {
        void api.replace(api.lease as Lease, 'other', 3);
      },
      mostMs: BEFORE_ITS_DEADLINE_MS,
      follows: true,
    },
  ];
  test.concurrent.each(cases)('$name', async ({ spoil, mostMs, follows }) => {
    const api = new FakeLease();
    const first = replica(api, 'first');
    await eventually('the first to lead', () => first.leader.isLeading, { intervalMs: 10 });
    const spoiltMs = performance.now();
    spoil(api);
    await eventually('it to stop', () => !first.leader.isLeading, { intervalMs: 10 });
    expect(performance.now() - spoiltMs).toBeLessThan(mostMs);
    expect(first.told).toEqual(['leads first', 'lost']);
    if (!follows) return;
    await eventually('it to follow', () => first.leader.isLeading, { timeoutSeconds: 10 });
    expect(performance.now() - spoiltMs).toBeGreaterThan(2900);
  });

  test('answers that come late make no two leaders, and what is given up on is aborted', async () => {
    const api = new FakeLease();
    const replicas = [replica(api, 'first')];
    await eventually('the first to lead', () => replicas[0]?.leader.isLeading);
    replicas.push(replica(api, 'second'));
    let both = 0;
    const watching = setInterval(() => {
      if (replicas.every(({ leader }) => leader.isLeading)) both += 1;
    }, 5);
    onTestFinished(() => clearInterval(watching));
    // Each answer to a renewal takes longer than whoever leads may wait for it.
    api.lateMs = { get: 0, create: 0, replace: 2000 };
    await eventually('the first to stop', () => replicas[0]?.told.includes('lost'));
    api.lateMs = { get: 700, create: 0, replace: 0 };
    await eventually('one to lead', () => replicas.some(({ leader }) => leader.isLeading), {
      timeoutSeconds: 15,
    });
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(both).toBe(0);
    expect(api.aborted).toBeGreaterThan(0);
  });

  test('leading counts from when the attempt began, not from its answer', async () => {
    const api = new FakeLease();
    api.lateMs.create = 600;
    const { leader, toldAtMs } = replica(api, 'first');
    const begunMs = performance.now();
    await eventually('it to lead', () => leader.isLeading, { intervalMs: 5 });
    api.isAway = true;
    await eventually('it to stop', () => !leader.isLeading, { intervalMs: 5 });
    // Counted from its answer, the deadline would be 600 ms later.
    expect((toldAtMs[1] ?? 0) - begunMs).toBeLessThan(2100);
  });
});
