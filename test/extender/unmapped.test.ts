import { describe, expect, test } from 'vitest';
import { Coverage } from '../../extender/coverage.ts';
import { Unmapped } from '../../extender/unmapped.ts';

describe('what no row of the catalogue knows', () => {
  test('is listed with how many nodes have it, widest first, and goes when the last one is well', () => {
    const unmapped = new Unmapped();
    unmapped.onNode('gpu-1', ['condition Odd=True']);
    unmapped.onNode('gpu-2', ['condition Odd=True', 'taint example.com/x:NoSchedule']);
    unmapped.onEvent('gpu-2', 'event my-agent/GpuSick');
    unmapped.onEvent('gpu-2', 'event my-agent/GpuSick');
    expect(unmapped.list()).toEqual([
      { what: 'condition Odd=True', nodes: 2 },
      { what: 'event my-agent/GpuSick', nodes: 1 },
      { what: 'taint example.com/x:NoSchedule', nodes: 1 },
    ]);
    unmapped.onNode('gpu-1', []);
    unmapped.onNode('gpu-2', []);
    expect(unmapped.list().map(({ what }) => what)).toEqual(['event my-agent/GpuSick']);
  });

  test('is bounded, whatever is written on nodes', () => {
    const unmapped = new Unmapped();
    for (let index = 0; index < 10_000; index += 1) unmapped.onEvent('gpu-1', `event ${index}`);
    expect(unmapped.list()).toHaveLength(200);
  });
});

describe('times in which nobody saw what came and went', () => {
  test('are told once and listed, newest first; a moment is none', () => {
    const told: string[] = [];
    const coverage = new Coverage(({ why }) => told.push(why));
    coverage.missed(10, 10.5, 'a moment');
    coverage.missed(10, 70, 'first');
    coverage.missed(100, 130, 'second');
    expect(told).toEqual(['first', 'second']);
    expect(coverage.list()).toEqual([
      { fromSeconds: 100, toSeconds: 130, why: 'second' },
      { fromSeconds: 10, toSeconds: 70, why: 'first' },
    ]);
  });
});
