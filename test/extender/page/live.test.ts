import type { Response } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { DecisionRecord } from '../../../extender/decisions/record.ts';
import { LiveFeed } from '../../../extender/page/live.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import { eventually } from '../../cluster/eventually.ts';
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
  writeHead() {}
  once() {}
  end() {}
  write(message: string) {
    this.messages.push(message);
  }
}

test('what happens while nobody watches is not collected', async () => {
  const cluster = new Watched();
  const snapshot = makeSnapshot(makeIngest(), { cluster });
  const feed = new LiveFeed({
    snapshot: () => snapshot,
    decisions: new DecisionRecord(),
    entries: () => [],
    controls: [],
    cluster: () => undefined,
    alarm: () => undefined,
  });
  onTestFinished(() => feed.stop());
  for (let at = 0; at < 1000; at += 1) feed.touched(`unwatched-${at}`);
  const watcher = new Watcher();
  feed.watch({} as never, watcher as unknown as Response);
  feed.touched('watched');
  await eventually('a tick', () => cluster.lookedAt.has('watched'));
  expect([...cluster.lookedAt]).toEqual(['watched']);
});
