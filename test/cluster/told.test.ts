import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { SLOW_END } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { useAlerts } from './prometheus.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 4, gpus: 8, mode: 'act', tainted: false });
const alerts = useAlerts(used);
const IMAGE = 'registry.example/big:1';

/** Events of ours about a pod. */
async function eventsOf(name: string) {
  const { items } = await used.hand.core.listNamespacedEvent({
    namespace: 'default',
    fieldSelector: `involvedObject.kind=Pod,involvedObject.name=${name}`,
  });
  return items.filter(({ reportingComponent }) => reportingComponent === 'surefoot.dev/extender');
}

async function cordonAllBut(node: string, unschedulable: boolean): Promise<void> {
  for (const name of ['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4']) {
    if (name !== node) await used.hand.patchNode(name, { spec: { unschedulable } });
  }
}

describe('what people are told of a placement', () => {
  test('an Event on the pod says where it is and why', async () => {
    await used.hand.giveImage('gpu-3', IMAGE, 12_000_000_000);
    await eventually('the image to be seen', async () => {
      return (await used.bed.surefoot.node('gpu-3'))?.images.length === 1;
    });
    await used.hand.createPod(pod('warm', { image: IMAGE }));
    expect(nodeOf(await used.hand.runningPod('warm'))).toBe('gpu-3');
    const [event] = await eventually('the Event', async () => {
      const events = await eventsOf('warm');
      return events.length > 0 && events;
    });
    expect(event).toMatchObject({
      type: 'Normal',
      reason: 'PreferredWarmNode',
      action: 'Scheduling',
      message: 'placed on gpu-3: 11.2 GiB cached',
      involvedObject: { kind: 'Pod', name: 'warm' },
    });
  });

  test('observing, no Event is written', async () => {
    await used.bed.surefoot.setMode('observe');
    try {
      await used.hand.createPod(pod('watched', { image: IMAGE }));
      await used.hand.runningPod('watched');
      await sleep(2000);
      expect(await eventsOf('watched')).toEqual([]);
      expect((await used.bed.surefoot.decisionFor('watched'))?.boundTo).toBeDefined();
    } finally {
      await used.bed.surefoot.setMode('act');
    }
  });

  test('where one node was left, that no scheduler asks then', async () => {
    await cordonAllBut('gpu-2', true);
    try {
      await eventually('the cordons to be seen', async () => {
        const nodes = await used.bed.surefoot.nodes();
        return nodes.filter(({ state }) => state === 'cordoned').length === 3;
      });
      await used.hand.createPod(pod('only'));
      expect(nodeOf(await used.hand.runningPod('only'))).toBe('gpu-2');
      const decision = await eventually('the placement to be seen', () =>
        used.bed.surefoot.decisionFor('only'),
      );
      expect(decision.unasked?.code).toBe('OnlyCandidate');
      const page = `--page=${used.bed.surefoot.pageUrl}`;
      const { status, said } = await used.bed.surefoot.command('why', 'only', page);
      expect(said).toBe(
        'default/only: placed on gpu-2 without a question; no other node had room for it: with one candidate, gpu-2, a scheduler does not ask\n',
      );
      expect(status).toBe(0);
    } finally {
      await cordonAllBut('gpu-2', false);
    }
  });

  test('where Kueue has chosen the node, that there was no choice (stand-in: its labels on a pod)', async () => {
    const chosen = pod('chosen');
    Object.assign(chosen.metadata ?? {}, { labels: { 'kueue.x-k8s.io/podset': 'main' } });
    Object.assign(chosen.spec ?? {}, { nodeSelector: { 'kubernetes.io/hostname': 'gpu-4' } });
    await used.hand.createPod(chosen);
    expect(nodeOf(await used.hand.runningPod('chosen'))).toBe('gpu-4');
    const decision = await eventually('the placement to be seen', () =>
      used.bed.surefoot.decisionFor('chosen'),
    );
    expect(decision.unasked?.words).toBe('pinned to gpu-4 by Kueue: there was no choice');
  });

  test('an extender that nobody asks says so', async () => {
    const replica = await used.bed.surefoot.startReplica();
    await alerts.alsoScrape(new URL(replica.adminUrl).host);
    try {
      for (const name of ['unasked-1', 'unasked-2', 'unasked-3']) {
        await used.hand.createPod(pod(name));
        await used.hand.runningPod(name);
      }
      const decision = await eventually('the placement to be seen', () =>
        used.bed.surefoot.decisionFor('unasked-3', replica.pageUrl),
      );
      expect(decision.unasked?.code).toBe('NotAsked');
      await alerts.fires('SurefootNotAsked');
      const readyz = await (await fetch(`${replica.adminUrl}/readyz`)).text();
      expect(readyz).toContain(
        '[+]asked ok, but 3 device pods had two nodes or more to go to in the last 10 minutes, and default-scheduler placed them without asking',
      );
      // The one that is asked has nothing to say.
      expect((await used.bed.surefoot.decisionFor('unasked-3'))?.unasked).toBeUndefined();
    } finally {
      await replica.stop();
    }
  });

  test('a pod that is past its grace and still holds a device wakes somebody', async () => {
    await used.hand.createPod(pod('stuck', { annotations: { [SLOW_END]: 'never' } }));
    await used.hand.runningPod('stuck');
    const at = { name: 'stuck', namespace: 'default' };
    await used.hand.core.deleteNamespacedPod({ ...at, gracePeriodSeconds: 1 });
    expect(await alerts.fires('SurefootTerminatingPastGrace')).toMatch(
      /still hold devices\. Pods that are more than a minute past their grace: 1\. /,
    );
    await used.hand.core.deleteNamespacedPod({ ...at, gracePeriodSeconds: 0 });
    await alerts.clears('SurefootTerminatingPastGrace');
  }, 180_000);
});
