import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MOST_REQUESTS_A_CONNECTION } from '../../../certs/serving/http.ts';
import { sample } from '../../samples.ts';
import { type Creations, whileCreating } from '../creating.ts';
import { eventually } from '../eventually.ts';
import type { WebhookReplica } from '../install.ts';
import { RawClient } from '../raw.ts';
import { Rotation } from '../rotation.ts';
import { ServiceStandIn } from '../service-stand-in.ts';
import { useBed } from '../use-bed.ts';

/** Device pods a second, through all of admission. */
const PER_SECOND = 100;
const TIMES = 20;
const ROOT = join(import.meta.dirname, '../../..');
const used = useBed({ count: 3, gpus: 8, mode: 'act' });
let raw: RawClient;
let service: ServiceStandIn;
let replicas: WebhookReplica[] = [];

beforeAll(async () => {
  const { surefoot } = used.bed;
  raw = await RawClient.for(used.bed);
  await surefoot.killWebhook();
  service = new ServiceStandIn(surefoot.webhookPort);
  for (let count = 0; count < 3; count += 1) replicas.push(await surefoot.startWebhookReplica());
  service.endpoints = replicas;
  await eventually('all to be ready', () => service.ready.length === 3);
});

afterAll(() => service?.stop());

const failedOpen = async () =>
  sample(await raw.metrics(), 'apiserver_admission_webhook_fail_open_count');

/** Does it under load; no call may be lost, by the API server's own count and by what was created. */
async function losesNone(work: () => Promise<void>): Promise<Creations> {
  const before = await failedOpen();
  const creations = await whileCreating(raw, PER_SECOND, work);
  const { failed, unprepared, created } = creations;
  console.log(`${created} created, ${failed.length} failed, ${unprepared} unprepared`);
  expect({ failed, unprepared, failedOpen: (await failedOpen()) - before }).toEqual({
    failed: [],
    unprepared: 0,
    failedOpen: 0,
  });
  return creations;
}

/** Starts another one, waits until it is called, and ends the one that it replaces. */
async function replaceOne(executable?: string): Promise<void> {
  const [oldest, ...others] = replicas;
  const next = await used.bed.surefoot.startWebhookReplica(executable);
  replicas = [...others, next];
  service.endpoints = [...service.endpoints, next];
  await eventually('it to be called', () => service.ready.includes(next));
  // A pod that ends is no endpoint any more at the moment at which it is told; the news takes its time.
  service.endpoints = replicas;
  await oldest?.stop();
}

describe('under 100 creates a second (stand-in: a Service that balances connections, and a mount a second late)', () => {
  test('pitfall 19: 20 rolling restarts of the webhook lose no call', async () => {
    await losesNone(async () => {
      for (let time = 0; time < TIMES; time += 1) await replaceOne();
    });
  });

  test('pitfall 21: 20 rotations of CA and pair lose no call', async () => {
    const rotation = new Rotation(used.bed);
    used.bed.surefoot.mountDelaySeconds = 1;
    await used.bed.surefoot.stopCerts();
    const servers = replicas.map(({ port }) => `--server=127.0.0.1:${port}`);
    await used.bed.surefoot.startCerts(...servers);
    await eventually('all to be settled', () => rotation.isSettled(), { timeoutSeconds: 60 });
    await losesNone(async () => {
      for (let time = 0; time < TIMES; time += 1) await rotation.rotate('authority');
    });
    used.bed.surefoot.mountDelaySeconds = 0;
  }, 900_000);

  test('pitfall 20: no replica keeps what it got first: each has what lots drawn anew give it', async () => {
    const calls = async ({ adminPort }: WebhookReplica) => {
      const metrics = await (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text();
      return sample(metrics, 'surefoot_admission_requests_total');
    };
    const before = await Promise.all(replicas.map(calls));
    await losesNone(() => sleep(300_000));
    const after = await Promise.all(replicas.map(calls));
    const shares = after.map((count, index) => count - (before[index] ?? 0));
    console.log(`calls of each: ${shares.join(', ')}`);
    const total = shares.reduce((sum, share) => sum + share, 0);
    const fair = total / shares.length;
    // A lot is drawn for each connection, and each takes so many calls: a binomial distribution.
    const draws = total / MOST_REQUESTS_A_CONNECTION;
    const chance = 1 / shares.length;
    const deviation = Math.sqrt(draws * chance * (1 - chance)) * MOST_REQUESTS_A_CONNECTION;
    for (const share of shares) {
      expect(share).toBeGreaterThan(0);
      expect(Math.abs(share - fair)).toBeLessThan(3.5 * deviation);
    }
  }, 420_000);

  test('an upgrade from the previous commit, and back, loses no call', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'surefoot-previous-'));
    try {
      const git = (...args: readonly string[]) => promisify(execFile)('git', ['-C', ROOT, ...args]);
      await git('worktree', 'add', '--detach', join(directory, 'before'), 'HEAD~1');
      await symlink(join(ROOT, 'node_modules'), join(directory, 'before/node_modules'));
      const previous = join(directory, 'before/extender/commands/surefoot.ts');
      await losesNone(async () => {
        for (const executable of [previous, previous, previous, undefined, undefined, undefined]) {
          await replaceOne(executable);
        }
      });
      await git('worktree', 'remove', '--force', join(directory, 'before'));
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
