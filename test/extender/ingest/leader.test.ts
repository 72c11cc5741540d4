import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ClusterLeader, memoryLeader } from '../../../extender/ingest/leader.ts';
import { eventually } from '../../cluster/eventually.ts';
import { HistoryServer } from '../../fake/history-server.ts';
import { makeIngest } from '../../make/ingest.ts';

const log = pino({ level: 'silent' });

async function leading(server: HistoryServer) {
  const leader = new ClusterLeader({
    kubeConfig: server.kubeConfig(),
    identity: 'me',
    namespace: 'surefoot-system',
    nowSeconds: () => Date.now() / 1000,
    onWritten() {},
    onGap() {},
    watchMetrics: { restarted() {}, handlerFailed() {}, heard() {} },
    log,
  });
  onTestFinished(() => leader.stop());
  await leader.load();
  const { ingest } = makeIngest({ store: leader.store });
  ingest.stopLeading();
  leader.start(ingest);
  return { leader, ingest };
}

describe('who keeps the history', () => {
  test('a replica whose turn it is tries until it has begun, and says so meanwhile', async () => {
    const server = await HistoryServer.start();
    server.listFailures.push(200, 500, 500);
    const { leader, ingest } = await leading(server);
    await eventually('it to say so', () => leader.remark()?.includes('has not been able to begin'));
    await eventually('it to keep the history', () => ingest.isLeader);
    expect(server.lists).toBe(4);
    expect(leader.remark()).toBeUndefined();
  });

  test('it lets the lease go when it stops', async () => {
    const server = await HistoryServer.start();
    const { leader, ingest } = await leading(server);
    await eventually('it to keep the history', () => ingest.isLeader);
    expect(server.lease?.spec.holderIdentity).toBe('me');
    await leader.stop();
    expect(server.lease?.spec.holderIdentity).toBe('');
  });

  test('a time is confirmed where the API server has about the same', async () => {
    const server = await HistoryServer.start();
    const { leader } = await leading(server);
    const nowSeconds = Date.now() / 1000;
    const hours = [-24, 0, 24 * 91].map((hour) => nowSeconds + hour * 3600);
    expect(await Promise.all(hours.map((at) => leader.confirms(at)))).toEqual([false, true, false]);
    await server.stop();
    expect(await leader.confirms(nowSeconds)).toBe(false);
  });

  test('in memory it begins at once, and says what that means', () => {
    const leader = memoryLeader(() => 0);
    const { ingest } = makeIngest({ store: leader.store });
    ingest.stopLeading();
    leader.start(ingest);
    expect(ingest.isLeader).toBe(true);
    expect(leader.remark()).toContain('in memory only');
  });
});
