import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Node } from '../../../extender/facts/nodes.ts';
import { nodeSource } from '../../../extender/watch/api.ts';
import { Reflector } from '../../../extender/watch/reflector.ts';
import { eventually } from '../../cluster/eventually.ts';
import { FakeApiServer } from '../../fake/api-server.ts';

const node = (name: string, resourceVersion: string) => ({
  metadata: { name, uid: `uid-${name}`, resourceVersion },
});

interface Following {
  readonly throwOn?: string;
  readonly unreadable?: string;
  readonly onRead?: (name: string) => void;
  /** Names of objects that are no business of ours. */
  readonly others?: Set<string>;
  readonly areMoments?: true;
}

async function following({
  throwOn = '',
  unreadable = '',
  onRead = () => {},
  others = new Set(),
  ...kind
}: Following = {}) {
  const api = await FakeApiServer.start();
  const told: string[] = [];
  const counts = { expired: 0, failed: 0, ended: 0, handlerFailed: 0 };
  const reflector = new Reflector(
    'nodes',
    nodeSource(api.kubeConfig()),
    {
      ...kind,
      read(node: Node) {
        onRead(node.metadata?.name ?? '');
        if (node.metadata?.name === unreadable) throw new Error('told to be unreadable');
        return others.has(node.metadata?.name ?? '') ? undefined : node;
      },
      changed({ metadata }, isListed) {
        if (metadata?.name === throwOn) throw new Error('told to throw');
        told.push(`${isListed ? 'listed' : 'seen'} ${metadata?.name}@${metadata?.resourceVersion}`);
      },
      removed: (uid) => told.push(`gone ${uid}`),
    },
    {
      metrics: {
        restarted: (why) => {
          counts[why] += 1;
        },
        handlerFailed: () => {
          counts.handlerFailed += 1;
        },
        heard() {},
      },
      log: pino({ level: 'silent' }),
    },
  );
  const start = () => {
    const running = reflector.run();
    onTestFinished(() => {
      reflector.stop();
      return running;
    });
    return running;
  };
  const tells = (...expected: readonly string[]) =>
    eventually(
      `to be told ${expected.join(', ')}`,
      () => {
        expect(told).toEqual(expected);
        return true;
      },
      { timeoutSeconds: 10, intervalMs: 20 },
    );
  const watching = () => eventually('a watch', () => api.open === 1, { intervalMs: 10 });
  return { api, reflector, start, told, tells, watching, counts };
}

describe('a reflector', () => {
  test('lists in pages, then tells what it sees', async () => {
    const { api, reflector, start, tells, watching } = await following();
    api.pageSize = 2;
    api.holds(node('a', '1'), node('b', '2'), node('c', '3'));
    expect(reflector.missing()).toBe('nothing has been listed yet');
    start();
    await watching();
    expect(reflector.missing()).toBeUndefined();
    api.send('ADDED', node('d', '101'));
    api.send('MODIFIED', node('a', '102'));
    api.send('DELETED', node('b', '103'));
    await tells('listed a@1', 'listed b@2', 'listed c@3', 'seen d@101', 'seen a@102', 'gone uid-b');
    expect(api.requests).toEqual(['list', 'list', 'watch 100']);
  });

  test('goes on from where a watch ended, bookmarks included', async () => {
    const { api, start, tells, watching } = await following();
    start();
    await watching();
    api.send('ADDED', node('a', '101'));
    api.send('BOOKMARK', { metadata: { resourceVersion: '150' } });
    await tells('seen a@101');
    api.endWatches();
    await watching();
    api.send('ADDED', node('b', '151'));
    await tells('seen a@101', 'seen b@151');
    expect(api.requests).toEqual(['list', 'watch 100', 'watch 150']);
  });

  test('pitfall 26: survives a cut connection and answers of 401, 429 and 500', async () => {
    const { api, start, tells, watching, counts } = await following();
    start();
    await watching();
    api.failures.push(401, 429, 500);
    api.endWatches({ cut: true });
    await watching();
    api.send('ADDED', node('a', '101'));
    await tells('seen a@101');
    expect(counts.failed).toBe(4);
  });

  test('is stale from when its watch fails until it hears anything', async () => {
    const { api, reflector, start, tells, watching } = await following();
    expect(reflector.stale()).toBe('nothing has been listed yet');
    start();
    await watching();
    expect(reflector.stale()).toBeUndefined();
    api.endWatches({ cut: true });
    await eventually('it to be stale', () => reflector.stale() !== undefined, { intervalMs: 10 });
    await watching();
    api.send('ADDED', node('a', '101'));
    await tells('seen a@101');
    expect(reflector.stale()).toBeUndefined();
  });

  test.each(['as an answer', 'as an event'])(
    'lists again when its version has expired, %s',
    async (how) => {
      const { api, start, tells, watching, counts } = await following();
      api.holds(node('kept', '1'), node('lost', '2'), node('grown', '3'));
      start();
      await watching();
      api.holds(node('kept', '1'), node('grown', '7'), node('new', '8'));
      if (how === 'as an answer') api.failures.push(410);
      else api.send('ERROR', { kind: 'Status', code: 410, message: 'too old resource version' });
      api.endWatches();
      await tells(
        'listed kept@1',
        'listed lost@2',
        'listed grown@3',
        'gone uid-lost',
        'listed grown@7',
        'listed new@8',
      );
      expect(counts.expired).toBe(1);
    },
  );

  test('says why nothing is listed while the API server refuses', async () => {
    const { api, reflector, start, watching } = await following();
    api.failures.push(403);
    start();
    const why = await eventually('a refusal', () => {
      const missing = reflector.missing();
      return missing !== 'nothing has been listed yet' && missing;
    });
    expect(why).toBe('we may not list and watch nodes (403); apply manifests/base/extender.yaml');
    await watching();
    expect(reflector.missing()).toBeUndefined();
  });

  test('says where and why it gets no answer', async () => {
    const { api, reflector, start } = await following();
    const { server } = api.kubeConfig().getCurrentCluster() ?? {};
    await api.stop();
    start();
    await eventually('the reason', () => {
      return reflector.missing()?.startsWith(`the API server at ${server} does not answer (`);
    });
  });

  test('pitfall 26: goes on when a handler throws', async () => {
    const { api, start, tells, watching, counts } = await following({ throwOn: 'bad' });
    api.holds(node('bad', '1'), node('good', '2'));
    start();
    await watching();
    api.send('MODIFIED', node('bad', '101'));
    api.send('ADDED', node('after', '102'));
    await tells('listed good@2', 'seen after@102');
    expect(counts.handlerFailed).toBe(2);
  });

  test('an object that cannot be read is not told as gone, and its end is', async () => {
    const { api, start, told, tells, watching } = await following({ unreadable: 'odd' });
    api.holds(node('odd', '1'), node('good', '2'));
    start();
    await watching();
    api.failures.push(410);
    api.endWatches();
    await eventually(
      'a second list',
      () => api.requests.filter((one) => one === 'list').length === 2,
    );
    await watching();
    expect(told).toEqual(['listed good@2']);
    api.send('DELETED', node('odd', '101'));
    await tells('listed good@2', 'gone uid-odd');
  });

  test('of what is no business of ours nothing is told, until it is, and when it is no more', async () => {
    const others = new Set(['other', 'late']);
    const { api, start, tells, watching } = await following({ others });
    api.holds(node('other', '1'), node('ours', '2'), node('late', '3'));
    start();
    await watching();
    others.delete('late');
    api.send('MODIFIED', node('late', '101'));
    api.send('MODIFIED', node('other', '102'));
    others.add('ours');
    api.send('MODIFIED', node('ours', '103'));
    await tells('listed ours@2', 'seen late@101', 'gone uid-ours');
  });

  test('moments are told and forgotten: their ends are no news, and a list tells all anew', async () => {
    const { api, start, tells, watching } = await following({ areMoments: true });
    api.holds(node('a', '1'));
    start();
    await watching();
    api.send('DELETED', node('a', '101'));
    api.send('ADDED', node('b', '102'));
    await tells('listed a@1', 'seen b@102');
    api.failures.push(410);
    api.endWatches();
    await tells('listed a@1', 'seen b@102', 'listed a@1');
  });

  test('takes a list that is streamed, and goes on from its end', async () => {
    const { api, start, tells, watching } = await following();
    api.streams = true;
    api.holds(node('a', '1'), node('b', '2'));
    start();
    await watching();
    api.send('ADDED', node('c', '101'));
    await tells('listed a@1', 'listed b@2', 'seen c@101');
    expect(api.requests).toEqual(['stream', 'watch 100']);
  });

  test('of a streamed list that ends early nothing is told: what was in it may be gone', async () => {
    const { api, start, tells, watching, told, counts } = await following();
    api.streams = true;
    api.endsEarly = true;
    api.holds(node('gone-meanwhile', '1'));
    start();
    await eventually('the first list to fail', () => counts.failed === 1);
    expect(told).toEqual([]);
    api.holds(node('a', '2'));
    api.endsEarly = false;
    await watching();
    await tells('listed a@2');
    expect(api.requests.filter((one) => one === 'list')).toEqual([]);
  });

  test('a server that hangs up after each bookmark is not hammered', async () => {
    const { api, start, watching } = await following();
    start();
    const begun = performance.now();
    while (performance.now() - begun < 1500) {
      await watching();
      api.send('BOOKMARK', { metadata: { resourceVersion: '150' } });
      api.endWatches();
    }
    expect(api.requests.length).toBeLessThan(8);
  });

  test('what was read before a refresh is read anew, even in the middle of a list', async () => {
    const { api, reflector, start, told, watching } = await following({
      onRead: (name) => {
        if (name === 'a' && told.length === 0 && !refreshed) {
          refreshed = true;
          reflector.refresh();
        }
      },
    });
    let refreshed = false;
    api.holds(node('a', '1'));
    start();
    await watching();
    expect(api.requests).toEqual(['list', 'list', 'watch 100']);
    expect(told).toEqual(['listed a@1']);
  });

  test('stops at once though the API server is silent', async () => {
    const { api, reflector, start } = await following();
    api.silent = true;
    const ended = start();
    await eventually('a request', () => api.requests.length === 1);
    reflector.stop();
    await ended;
  });

  test('pitfall 26: after a line that is no JSON it goes on from before it', async () => {
    const { api, start, tells, watching, counts } = await following();
    start();
    await watching();
    api.send('ADDED', node('a', '101'));
    await tells('seen a@101');
    api.sendRaw('{"type": "ADD\n');
    await eventually('the watch to end', () => counts.failed === 1);
    await eventually('another watch', () => api.requests.length === 3);
    api.send('ADDED', node('b', '102'));
    await tells('seen a@101', 'seen b@102');
    expect(api.requests).toEqual(['list', 'watch 100', 'watch 101']);
  });

  test('tells everything anew when asked to refresh', async () => {
    const { api, reflector, start, tells, watching } = await following();
    api.holds(node('a', '1'));
    start();
    await watching();
    reflector.refresh();
    await tells('listed a@1', 'listed a@1');
  });
});
