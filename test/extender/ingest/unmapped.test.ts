import { describe, expect, test } from 'vitest';
import { Unmapped } from '../../../extender/ingest/unmapped.ts';
import { WatchGaps } from '../../../extender/ingest/watch-gaps.ts';

const event = (unmapped: string, node = 'gpu-2', namespace = 'default') => ({
  node,
  namespace,
  unmapped,
});

describe('what no row of the catalogue knows', () => {
  test('is listed with how many nodes have it, widest first, and goes when the last one is well', () => {
    const unmapped = new Unmapped();
    unmapped.onNode('gpu-1', ['condition Odd=True']);
    unmapped.onNode('gpu-2', ['condition Odd=True', 'taint example.com/x:NoSchedule']);
    unmapped.onEvent(event('event my-agent/GpuSick'), 0);
    unmapped.onEvent(event('event my-agent/GpuSick'), 0);
    expect(unmapped.list()).toEqual([
      { what: 'condition Odd=True', nodes: 2 },
      { what: 'event my-agent/GpuSick', nodes: 1 },
      { what: 'taint example.com/x:NoSchedule', nodes: 1 },
    ]);
    unmapped.onNode('gpu-1', []);
    unmapped.onNode('gpu-2', []);
    expect(unmapped.list().map(({ what }) => what)).toEqual(['event my-agent/GpuSick']);
  });

  test('is bounded, whatever is written on nodes and in Events', () => {
    const unmapped = new Unmapped();
    for (let index = 0; index < 1000; index += 1) {
      unmapped.onNode(`gpu-${index}`, [`condition ${index}=True`]);
      unmapped.onEvent(event(`event ${index}`, 'gpu-1', `team-${index}`), 0);
    }
    expect(unmapped.list()).toHaveLength(200);
  });

  test('a tenant who writes kinds without end pushes out its own, and none of the platform', () => {
    const unmapped = new Unmapped();
    unmapped.onEvent(event('event my-agent/GpuSick'), 0);
    for (let index = 0; index < 10_000; index += 1) {
      unmapped.onEvent(event(`event mine/${index}`, 'gpu-1', 'team-evil'), 1);
    }
    unmapped.onNode('gpu-1', ['condition Odd=True']);
    const kinds = unmapped.list().map(({ what }) => what);
    expect(kinds).toHaveLength(22);
    expect(kinds).toEqual(
      expect.arrayContaining(['condition Odd=True', 'event my-agent/GpuSick', 'event mine/9999']),
    );
  });

  test('a kind of Event that nobody has written for a day goes', () => {
    const unmapped = new Unmapped();
    unmapped.onEvent(event('event once/Seen'), 0);
    unmapped.onEvent(event('event my-agent/GpuSick'), 86_401);
    expect(unmapped.list().map(({ what }) => what)).toEqual(['event my-agent/GpuSick']);
  });
});

describe('times in which nobody saw what came and went', () => {
  test('are told once and listed, newest first; a moment is none', () => {
    const told: string[] = [];
    const coverage = new WatchGaps(({ why }) => told.push(why));
    coverage.add(10, 10.5, 'a moment');
    coverage.add(10, 70, 'first');
    coverage.add(100, 130, 'second');
    expect(told).toEqual(['first', 'second']);
    expect(coverage.list()).toEqual([
      { fromSeconds: 100, toSeconds: 130, why: 'second' },
      { fromSeconds: 10, toSeconds: 70, why: 'first' },
    ]);
  });
});
