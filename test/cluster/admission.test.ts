import { describe, expect, test } from 'vitest';
import { INJECT, INJECTED, MANAGED } from '../../webhook/words/keys.ts';
import { sample } from '../samples.ts';
import { eventually } from './eventually.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 3, gpus: 8, mode: 'act' });

async function admissionRequests(): Promise<number> {
  return sample(await used.bed.surefoot.webhookMetrics(), 'surefoot_admission_requests_total');
}

async function namespace(name: string, inject: string): Promise<void> {
  const labels = { [INJECT]: inject };
  await used.hand.core.createNamespace({ body: { metadata: { name, labels } } });
  await eventually(`the service account of ${name}`, async () => {
    const { items } = await used.hand.core.listNamespacedServiceAccount({ namespace: name });
    return items.length > 0;
  });
}

describe('admission', () => {
  // First, while the counter is still at zero.
  test('a pod without devices and a pod without opt-in never reach the webhook', async () => {
    const noDevice = await used.hand.createPod(pod('no-device', { gpus: 0 }));
    const noOptIn = await used.hand.createPod(pod('no-opt-in', { profile: undefined }));
    const zero = pod('zero-gpus');
    zero.spec?.containers.forEach((container) => {
      container.resources = { limits: { 'nvidia.com/gpu': '0' } };
    });
    const zeroDevices = await used.hand.createPod(zero);
    const optedOut = await used.hand.createPod(
      pod('opted-out', { annotations: { [INJECT]: 'false' } }),
    );

    expect(await admissionRequests()).toBe(0);
    for (const created of [noDevice, noOptIn, zeroDevices, optedOut]) {
      expect(created.metadata?.labels).toBeUndefined();
      expect(created.metadata?.annotations ?? {}).not.toHaveProperty(INJECTED);
      expect(created.spec?.terminationGracePeriodSeconds).toBe(30);
      expect(created.spec?.tolerations?.map(({ key }) => key)).not.toContain('nvidia.com/gpu');
    }
  });

  test('a GPU pod comes back with its toleration and grace, and runs', async () => {
    const created = await used.hand.createPod(pod('train'));

    expect(created.spec?.tolerations).toContainEqual({
      key: 'nvidia.com/gpu',
      operator: 'Exists',
      effect: 'NoSchedule',
    });
    expect(created.spec?.terminationGracePeriodSeconds).toBe(60);
    expect(created.metadata?.labels?.[MANAGED]).toBe('true');
    expect(JSON.parse(created.metadata?.annotations?.[INJECTED] ?? '')).toEqual({
      profile: 'nvidia',
      injected: ['toleration nvidia.com/gpu:NoSchedule', 'grace 30s -> 60s'],
    });
    expect(await admissionRequests()).toBe(1);
    await used.hand.runningPod('train');
  });

  test('a namespace opts all its GPU pods in by label, each called once', async () => {
    await namespace('team-a', 'enabled');
    const before = await admissionRequests();

    const plain = await used.hand.createPod(pod('plain', { profile: undefined }), 'team-a');
    const annotated = await used.hand.createPod(pod('annotated'), 'team-a');

    for (const created of [plain, annotated]) {
      expect(created.metadata?.labels?.[MANAGED]).toBe('true');
    }
    expect(await admissionRequests()).toBe(before + 2);
  });

  test('a namespace labelled observe is watched and not touched', async () => {
    await namespace('team-b', 'observe');
    const before = await used.bed.surefoot.webhookMetrics();

    const body = pod('watched', { profile: undefined });
    if (body.spec !== undefined) body.spec.tolerations = [{ operator: 'Exists' }];
    const created = await used.hand.createPod(body, 'team-b');

    expect(created.spec?.terminationGracePeriodSeconds).toBe(30);
    expect(created.metadata?.labels).toBeUndefined();
    const decision = await eventually('the decision', () => {
      return used.bed.surefoot.decisionFor('team-b/watched');
    });
    expect(decision.mode).toBe('observe');
    const name = 'surefoot_admission_requests_total';
    const after = await used.bed.surefoot.webhookMetrics();
    expect(sample(after, name, { result: 'observed' })).toBe(
      sample(before, name, { result: 'observed' }) + 1,
    );
  });

  test('an unknown profile is a warning with the known ones, and no change', async () => {
    const raw = await RawClient.for(used.bed);
    const { body, warnings } = await raw.create(
      'pods',
      'default',
      pod('typo', { profile: 'nvida' }),
    );

    expect(body.spec.terminationGracePeriodSeconds).toBe(30);
    expect(body.metadata.labels).toBeUndefined();
    expect(warnings).toContain(
      'Surefoot left this pod as it is: the annotation surefoot.dev/profile names \\"nvida\\", which profiles.yaml does not have; it has \\"nvidia\\", \\"amd\\", \\"intel\\", \\"tpu\\", \\"neuron\\" (UnknownProfile)',
    );
  });

  test('observing, nothing changes and everything is recorded', async () => {
    await used.bed.surefoot.setMode('observe');
    const before = await used.bed.surefoot.extenderMetrics();
    try {
      const toleration = { key: 'nvidia.com/gpu', operator: 'Exists' };
      const body = pod('observed');
      if (body.spec !== undefined) body.spec.tolerations = [toleration];
      const created = await used.hand.createPod(body);
      await used.hand.runningPod('observed');

      expect(created.spec?.terminationGracePeriodSeconds).toBe(30);
      expect(created.metadata?.labels).toBeUndefined();
      const webhook = await used.bed.surefoot.webhookMetrics();
      const extender = await used.bed.surefoot.extenderMetrics();
      expect(
        sample(webhook, 'surefoot_admission_requests_total', { result: 'observed' }),
      ).toBeGreaterThan(0);
      const name = 'surefoot_prioritize_requests_total';
      expect(sample(extender, name, { result: 'observed' })).toBe(
        sample(before, name, { result: 'observed' }) + 1,
      );
      const decision = await eventually('the decision to be joined with its binding', async () => {
        const found = await used.bed.surefoot.decisionFor('observed');
        return found?.boundTo !== undefined && found;
      });
      expect(decision.mode).toBe('observe');
      expect(decision.forecasts).toHaveLength(3);
      expect(decision.forecasts[0]?.words).toMatch(/^gpu-\d: \d+ s = 20 s cold start/);
    } finally {
      await used.bed.surefoot.setMode('act');
    }
  });

  test('with the webhook killed pods are still created, and it recovers alone', async () => {
    await used.bed.surefoot.killWebhook();
    const unprepared = await used.hand.createPod(pod('while-away'));
    await used.bed.surefoot.startWebhook();
    const prepared = await used.hand.createPod(pod('after'));

    expect(unprepared.spec?.terminationGracePeriodSeconds).toBe(30);
    expect(prepared.spec?.terminationGracePeriodSeconds).toBe(60);
  });
});
