import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../certs/cluster/api-error.ts';
import { HomeLabels } from '../../../extender/node-labels/home-labels.ts';
import type { ExtenderConfig } from '../../../extender/settings.ts';
import { homeLabelOf } from '../../../webhook/words/home-label.ts';
import { ACTING } from '../../make/configuration.ts';
import { makeNode, makePodFacts } from '../../make/facts.ts';
import { makeIngest } from '../../make/ingest.ts';
import { makeSnapshot } from '../../make/snapshot.ts';

const ON: ExtenderConfig = { ...ACTING, hints: { ...ACTING.hints, homes: true } };
const POD = makePodFacts();
const LABEL = homeLabelOf(POD.slot.key);

/** Two nodes; the only pod, on gpu-1, has crashed after 1,000 s. */
function fleet(config: ExtenderConfig = ON) {
  const made = makeIngest();
  const labels = new Map<string, ReadonlySet<string>>();
  const state = {
    config,
    isLeader: true,
    nowSeconds: 1010,
    fails: undefined as number | undefined,
    refuses: '',
  };
  const setNode = (name: string, hint?: { label: string; isTainted: boolean }) => {
    const homeLabels = [...(labels.get(name) ?? [])];
    made.ingest.nodeChanged(
      makeNode({ name, ...(homeLabels.length > 0 && { homeLabels }), ...(hint && { hint }) }),
      10,
    );
  };
  setNode('gpu-1');
  setNode('gpu-2');
  made.ingest.podChanged(POD, false, 10);
  made.ingest.podChanged({ ...POD, phase: 'Failed', exitCode: 139 }, false, 1000);
  let writes = 0;
  const hints = new HomeLabels({
    writer: {
      async writeHomes(name, { added, removed }) {
        if (state.fails !== undefined) throw new ApiError(state.fails, 'no');
        if (name === state.refuses) throw new ApiError(422, 'no');
        writes += 1;
        const kept = [...(labels.get(name) ?? [])].filter((label) => !removed.includes(label));
        labels.set(name, new Set([...kept, ...added]));
        setNode(name);
      },
    },
    snapshot: () => makeSnapshot(made, { config: state.config, nowSeconds: state.nowSeconds }),
    isLeader: () => state.isLeader,
    onLabelled() {},
    log: pino({ level: 'silent' }),
  });
  const marked = () =>
    [...labels].flatMap(([name, own]) => [...own].map((label) => `${name} ${label}`));
  return {
    hints,
    marked,
    state,
    setNode,
    ingest: made.ingest,
    cluster: made.cluster,
    writes: () => writes,
  };
}

describe('homes marked on nodes', () => {
  test('the node that a slot has left gets the label of the slot, once', async () => {
    const { hints, marked, writes } = fleet();
    await hints.round();
    await hints.round();
    expect(marked()).toEqual([`gpu-1 ${LABEL}`]);
    expect(writes()).toBe(1);
  });

  test('and loses it when the slot is back, anywhere', async () => {
    const { hints, marked, ingest } = fleet();
    await hints.round();
    ingest.podChanged({ ...POD, uid: 'next', node: 'gpu-2', startedAtSeconds: 1020 }, false, 1020);
    await hints.round();
    expect(marked()).toEqual([]);
  });

  test('and when the home has ended: it lasts as long as the pod ran', async () => {
    const { hints, marked, state } = fleet();
    await hints.round();
    state.nowSeconds = 1000 + 1000 + 1;
    await hints.round();
    expect(marked()).toEqual([]);
  });

  const none: readonly { name: string; config: ExtenderConfig }[] = [
    { name: 'it is not asked for', config: ACTING },
    { name: 'it only observes', config: { ...ON, mode: 'observe' } },
    {
      name: "the slot's namespace only observes",
      config: { ...ON, namespaces: { 'team-a': 'observe' } },
    },
  ];
  test.each(none)('not where $name', async ({ config }) => {
    const { hints, writes } = fleet(config);
    await hints.round();
    expect(writes()).toBe(0);
  });

  test('but where the namespace acts and the rest observes', async () => {
    const { hints, marked } = fleet({ ...ON, mode: 'observe', namespaces: { 'team-a': 'act' } });
    await hints.round();
    expect(marked()).toEqual([`gpu-1 ${LABEL}`]);
  });

  test('only the replica that keeps the history writes any', async () => {
    const { hints, state, writes } = fleet();
    state.isLeader = false;
    await hints.round();
    expect(writes()).toBe(0);
  });

  test('they are taken away once they are not asked for any more', async () => {
    const { hints, marked, state } = fleet();
    await hints.round();
    state.config = ACTING;
    await hints.round();
    expect(marked()).toEqual([]);
  });

  test('a node with a hazard mark is nobody’s home', async () => {
    const { hints, marked, setNode } = fleet();
    await hints.round();
    setNode('gpu-1', { label: 'elevated', isTainted: false });
    await hints.round();
    expect(marked()).toEqual([]);
  });

  test('nor is one whose device has just failed, marked or not', async () => {
    const { hints, writes, ingest } = fleet();
    const deviceHealth = [
      { resource: 'nvidia.com/gpu', device: 'GPU-0', health: 'Unhealthy' as const },
    ];
    const other = makePodFacts({ name: 'other' });
    ingest.podChanged(other, false, 1001);
    ingest.podChanged({ ...other, deviceHealth }, false, 1002);
    await hints.round();
    expect(writes()).toBe(0);
  });

  test('a node that is gone is left alone', async () => {
    const { hints, writes, ingest } = fleet();
    ingest.nodeRemoved('uid-gpu-1', 1005);
    await hints.round();
    expect(writes()).toBe(0);
  });

  test('a node that cannot be marked keeps no other from it', async () => {
    const { hints, marked, state, ingest } = fleet();
    const other = makePodFacts({ name: 'other', node: 'gpu-2' });
    ingest.podChanged(other, false, 10);
    ingest.podChanged({ ...other, phase: 'Failed', exitCode: 1 }, false, 900);
    state.refuses = 'gpu-1';
    await hints.round();
    expect(marked()).toEqual([`gpu-2 ${homeLabelOf(other.slot.key)}`]);
  });

  test('a refusal is survived, and tried again', async () => {
    const { hints, marked, state } = fleet();
    state.fails = 403;
    await hints.round();
    state.fails = undefined;
    await hints.round();
    expect(marked()).toEqual([`gpu-1 ${LABEL}`]);
  });
});
