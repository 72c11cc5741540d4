import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import express, { type Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import { LiveFeed } from '../../../extender/page/live.ts';
import type { LiveChange } from '../../../extender/page/shapes.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import type { Snapshot } from '../../../extender/state/snapshot.ts';
import { eventually } from '../../cluster/eventually.ts';
import { listening } from '../../fake/listening.ts';
import { makeBigFleet } from '../../make/big-fleet.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

/** A cluster that tells which nodes are looked at. */
class Watched extends Cluster {
  readonly lookedAt = new Set<string>();

  override node(name: string) {
    this.lookedAt.add(name);
    return super.node(name);
  }
}

/** Somebody who watches the page, as far as the feed is concerned. */
class Watcher {
  readonly messages: string[] = [];
  readonly writableLength = 0;
  readonly closed = false;
  readonly destroyed = false;
  writeHead() {}
  on() {}
  once() {}
  end() {}
  write(message: string) {
    this.messages.push(message);
  }
}

/** A feed of a fleet in which nothing else happens. */
function feedOf(snapshot: () => Snapshot): LiveFeed {
  return new LiveFeed({
    snapshot,
    decisions: new DecisionRecord(),
    entries: () => [],
    controls: [],
    cluster: () => undefined,
    alarm: () => undefined,
  });
}

test('what happens while nobody watches is not collected', async () => {
  const cluster = new Watched();
  const snapshot = makeSnapshot(makeIngest(), { cluster });
  const feed = feedOf(() => snapshot);
  onTestFinished(() => feed.stop());
  for (let at = 0; at < 1000; at += 1) feed.touched(`unwatched-${at}`);
  const watcher = new Watcher();
  feed.watch({ headers: {}, method: 'GET' }, watcher as unknown as Response);
  feed.touched('watched');
  await eventually('a tick', () => cluster.lookedAt.has('watched'));
  expect([...cluster.lookedAt]).toEqual(['watched']);
});

test('5,000 nodes reach a watcher in less than 500 kB, in parts of a few milliseconds', async () => {
  const feed = feedOf(makeBigFleet(5000).snapshot);
  onTestFinished(() => feed.stop());
  const url = await listening(
    express().get('/', (request, response) => feed.watch(request, response)),
  );
  let bytes = 0;
  const messages: LiveChange[] = [];
  const call = get(url, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    createInterface(response.pipe(createGunzip())).on('line', (line) => {
      if (line !== '') messages.push(JSON.parse(line.slice('data: '.length)));
    });
  });
  onTestFinished(() => void call.destroy());
  const arrived = () => messages.reduce((sum, { nodes = [] }) => sum + nodes.length, 0);
  await eventually('all nodes', () => arrived() >= 5000);
  console.log(`5,000 nodes: ${Math.round(bytes / 1000)} kB`);
  expect(bytes).toBeLessThan(500_000);
  // All at once would hold up a scheduler's question.
  expect(messages.filter(({ nodes }) => nodes !== undefined).length).toBeGreaterThan(4);
});

test('the end of the program in the middle of the first messages breaks nothing', async () => {
  const feed = feedOf(makeBigFleet(3000).snapshot);
  const url = await listening(
    express().get('/', (request, response) => feed.watch(request, response)),
  );
  const ended = new Promise<string>((resolve) => {
    get(url, { headers: { 'Accept-Encoding': 'gzip' } }, (response) => {
      response.once('data', () => feed.stop());
      response.on('data', () => {});
      response.once('end', () => resolve('ended'));
      response.once('error', () => resolve('cut'));
    });
  });
  expect(await ended).toBe('ended');
});
