import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { beforeAll, expect, test } from 'vitest';
import { nodeOf } from '../hand.ts';
import { KubeletVoice } from '../kubelet-voice.ts';
import { useBed } from '../use-bed.ts';
import { pod } from '../workloads.ts';
import { LEADER_WORKER_SET } from './controllers.ts';
import { byLabels, expectPrepared, Members, type Placed } from './members.ts';
import { Neighbour } from './neighbour.ts';

const GROUPS = 4;
const GROUP_SIZE = 4;
const PODS = GROUPS * GROUP_SIZE;
/** A home lives as long as its pod ran. */
const LONG_ENOUGH_MS = 30_000;

const used = useBed({ count: PODS + 2, gpus: 8, mode: 'act', keepsPods: true });
const slotOf = byLabels(
  'leaderworkerset.sigs.k8s.io/group-index',
  'leaderworkerset.sigs.k8s.io/worker-index',
);
const set = 'leaderworkerset.sigs.k8s.io/name=chat';
const members = new Members(used, { selector: set, count: PODS, slotOf });
const kubelet = new KubeletVoice(() => used.hand);
let lws: Neighbour;
let placed: Placed;

beforeAll(async () => {
  lws = await Neighbour.install(used.bed, LEADER_WORKER_SET);
});

/** A model that is served by four groups of four nodes. */
function chat(): object {
  const { metadata, spec } = pod('', { gpus: 8 });
  const workerTemplate = {
    metadata: { annotations: metadata?.annotations },
    spec: { ...spec, restartPolicy: 'Always' },
  };
  return {
    apiVersion: 'leaderworkerset.x-k8s.io/v1',
    kind: 'LeaderWorkerSet',
    metadata: { name: 'chat', namespace: 'default' },
    spec: {
      replicas: GROUPS,
      leaderWorkerTemplate: {
        size: GROUP_SIZE,
        restartPolicy: 'RecreateGroupOnPodRestart',
        workerTemplate,
      },
    },
  };
}

/** The pods of one group. */
function groupOf(number: number, all: Placed): Placed {
  return new Map([...all].filter(([slot]) => slot.startsWith(`${number}/`)));
}

function uidsBut(group: number, all: Placed): readonly (string | undefined)[] {
  return [...all].flatMap(([slot, { metadata }]) =>
    slot.startsWith(`${group}/`) ? [] : [metadata?.uid],
  );
}

test('its pods are prepared, and each has a node', async () => {
  await lws.apply(chat());
  placed = await members.running();
  expectPrepared(placed);
  expect(new Set([...placed.values()].map(nodeOf)).size).toBe(PODS);
});

test('a worker’s container crashes: its group is made anew and comes home, and no other is touched', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  await kubelet.tellRestarts(before.get('2/3') as V1Pod, 1);
  placed = await members.running(groupOf(2, before));
  expect(await members.away(before, placed)).toEqual([]);
  expect(uidsBut(2, placed).toSorted()).toEqual(uidsBut(2, before).toSorted());
});

test('a device of one fails: its group comes home but for that one', async () => {
  await sleep(LONG_ENOUGH_MS);
  const before = placed;
  const struck = before.get('1/2') as V1Pod;
  await kubelet.tellHealth(struck, 'Unhealthy');
  await kubelet.tellRestarts(struck, 1);
  placed = await members.running(groupOf(1, before));
  expect(await members.away(before, placed)).toEqual([expect.stringMatching(/^1\/2: /)]);
});
