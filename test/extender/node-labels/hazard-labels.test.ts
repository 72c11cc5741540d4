import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../certs/cluster/api-error.ts';
import { HazardLabels } from '../../../extender/node-labels/hazard-labels.ts';
import type { HazardMark } from '../../../extender/node-labels/node-writer.ts';
import type { ExtenderConfig } from '../../../extender/settings.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const ON: ExtenderConfig = {
  ...ACTING,
  hints: { label: true, homes: false, taint: true, mostPercent: 50 },
};

/** Two nodes, of which gpu-1 has a broken device, and what they are marked with. */
function fleet(config: ExtenderConfig = ON) {
  const made = makeIngest();
  const marks = new Map<string, HazardMark | undefined>();
  const state = { config, isLeader: true, fails: undefined as number | undefined };
  const setNode = (name: string) => {
    const mark = marks.get(name);
    const hint = mark && { label: mark.hazard, isTainted: mark.isTainted };
    made.ingest.nodeChanged(makeNode({ name, ...(hint && { hint }) }), 10);
  };
  setNode('gpu-1');
  setNode('gpu-2');
  made.ingest.podChanged(makePodFacts(), false, 10);
  const unhealthy = [{ resource: 'nvidia.com/gpu', device: 'GPU-0', health: 'Unhealthy' as const }];
  made.ingest.podChanged({ ...makePodFacts(), deviceHealth: unhealthy }, false, 20);
  let writes = 0;
  const labels = new HazardLabels({
    writer: {
      async writeHazard(name, mark) {
        if (state.fails !== undefined) throw new ApiError(state.fails, 'no');
        writes += 1;
        marks.set(name, mark);
        setNode(name);
      },
    },
    snapshot: () => makeSnapshot(made, { config: state.config, nowSeconds: 30 }),
    isLeader: () => state.isLeader,
    onLabelled() {},
    log: pino({ level: 'silent' }),
  });
  return { labels, marks, state, setNode, ingest: made.ingest, writes: () => writes };
}

describe('marks on nodes', () => {
  test('the node with a broken device has one, with the reason, and it is written once', async () => {
    const { labels, marks, writes } = fleet();
    await labels.round();
    await labels.round();
    expect([...marks.keys()]).toEqual(['gpu-1']);
    expect(marks.get('gpu-1')).toMatchObject({ hazard: 'high', isTainted: true });
    expect(marks.get('gpu-1')?.words).toMatch(/^\d+ times the fleet's rate .+: 1 fault in/);
    expect(writes()).toBe(1);
  });

  const none: readonly { name: string; config: ExtenderConfig }[] = [
    { name: 'it is not asked for', config: ACTING },
    { name: 'it only observes', config: { ...ON, mode: 'observe' } },
    { name: 'no node may have one', config: { ...ON, hints: { ...ON.hints, mostPercent: 0 } } },
  ];
  test.each(none)('there is none where $name', async ({ config }) => {
    const { labels, writes } = fleet(config);
    await labels.round();
    expect(writes()).toBe(0);
  });

  test('only the replica that keeps the history writes any', async () => {
    const { labels, state, writes } = fleet();
    state.isLeader = false;
    await labels.round();
    expect(writes()).toBe(0);
  });

  test('they are taken away once they are not asked for any more', async () => {
    const { labels, marks, state } = fleet();
    await labels.round();
    state.config = ACTING;
    await labels.round();
    expect(marks.get('gpu-1')).toBeUndefined();
    expect(marks.has('gpu-1')).toBe(true);
  });

  test('what somebody else has written there is mended', async () => {
    const { labels, marks, setNode, ingest } = fleet();
    await labels.round();
    ingest.nodeChanged(
      makeNode({ name: 'gpu-2', hint: { label: 'terrible', isTainted: true } }),
      40,
    );
    await labels.round();
    expect(marks.get('gpu-2')).toBeUndefined();
    expect(marks.has('gpu-2')).toBe(true);
    setNode('gpu-2');
    ingest.nodeChanged(makeNode({ name: 'gpu-1', hint: { label: 'high', isTainted: false } }), 50);
    await labels.round();
    expect(marks.get('gpu-1')?.isTainted).toBe(true);
  });

  test('a refusal is survived, and tried again', async () => {
    const { labels, marks, state } = fleet();
    state.fails = 403;
    await labels.round();
    state.fails = undefined;
    await labels.round();
    expect(marks.get('gpu-1')?.hazard).toBe('high');
  });
});
