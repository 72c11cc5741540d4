import { beforeAll, describe, expect, test } from 'vitest';
import type { Symptom } from '../../extender/doctor/checks.ts';
import { GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { useAlerts } from './prometheus.ts';
import { Rotation } from './rotation.ts';
import { useBed } from './use-bed.ts';
import { withoutRights } from './without-rights.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 3, gpus: 8, mode: 'act' });
const alerts = useAlerts(used);

/** What doctor finds; `status` is its exit status. */
async function found(): Promise<{ status: number; symptoms: readonly Symptom[] }> {
  const { surefoot } = used.bed;
  const { status, said } = await surefoot.command(
    'doctor',
    surefoot.asAdmin,
    surefoot.atExtender,
    '--output=json',
  );
  return { status, symptoms: JSON.parse(said).symptoms };
}

const wrong = ({ symptoms }: Awaited<ReturnType<typeof found>>) =>
  symptoms.filter(({ level }) => level !== 'ok');

beforeAll(async () => {
  await used.bed.surefoot.nameCluster('training-eu');
  await used.hand.createPod(pod('opted-in'));
  await used.hand.runningPod('opted-in');
});

describe('doctor', () => {
  test('finds nothing on a cluster that is well (stand-in: the programs run beside it, the webhook is called by URL)', async () => {
    await eventually('an extender to keep the history', async () => {
      return (await used.bed.surefoot.signals()).keepsHistory;
    });
    const all = await found();
    expect(wrong(all)).toEqual([]);
    expect(all.status).toBe(0);
    expect(all.symptoms.length).toBeGreaterThan(12);
  });

  test('says that the webhook is not reached, in words with the fix', async () => {
    await used.bed.surefoot.killWebhook();
    const { surefoot } = used.bed;
    const { status, said } = await surefoot.command(
      'doctor',
      surefoot.asAdmin,
      surefoot.atExtender,
    );
    expect(status).toBe(1);
    expect(said).toMatch(
      /^cluster training-eu, Kubernetes v1\.\d+\.\d+, namespace surefoot-system\n/,
    );
    expect(said).toMatch(/error {4}webhook .* the API server does without it/);
    expect(said).toMatch(/-> see that its pods are ready/);
    // Its own probe was the first pod ever that went in unprepared.
    expect(await alerts.fires('SurefootFailsOpen')).toMatch(
      /^Device pods are created unprepared. The API server did without annotation-pods.surefoot.dev 1 times/,
    );
    await surefoot.startWebhook();
    await eventually('all to be well', async () => (await found()).status === 0);
    await alerts.fall();
  });

  test('says that the caBundle is gone, and that the certificates program is away', async () => {
    await used.bed.surefoot.stopCerts();
    await new Rotation(used.bed).wipeBundles();
    const { symptoms, status } = await found();
    expect(status).toBe(1);
    expect(symptoms.find(({ check }) => check === 'registration')?.words).toBe(
      '6 of 6 entries have no caBundle, so the API server does not call them',
    );
    await used.bed.surefoot.startCerts();
    await eventually('all to be well', async () => (await found()).status === 0, {
      timeoutSeconds: 60,
    });
  });

  test('says which rights the certificates program lacks, and nobody renews', async () => {
    // For the next test: a pod is stranded once it has waited for a minute.
    await used.hand.core.createNamespace({ body: { metadata: { name: 'elsewhere' } } });
    const stranded = pod('stranded', { schedulerName: 'surefoot-scheduler' });
    await used.hand.core.createNamespacedPod({ namespace: 'elsewhere', body: stranded });
    const taken = { role: 'surefoot-certs', namespace: 'surefoot-system' };
    await withoutRights(used.bed.admin, taken, async () => {
      const { symptoms } = await found();
      expect(symptoms.find(({ check }) => check === 'rights')?.words).toMatch(
        /^not allowed: surefoot-certs/,
      );
      await alerts.fires('SurefootCertificateNotRenewed');
    });
    await alerts.fall();
  });

  test('says which pods wait for a scheduler that is not there, and which scheduler shares the pool', async () => {
    await used.bed.plane.startScheduler('rival-scheduler', { extender: false });
    await used.hand.createPod(pod('ours'));
    await used.hand.createPod(pod('theirs', { schedulerName: 'rival-scheduler' }));
    await used.hand.runningPod('ours');
    await used.hand.runningPod('theirs');
    const pools = (await found()).symptoms.find(({ check }) => check === 'one scheduler a pool');
    expect(pools).toMatchObject({ level: 'warning' });
    expect(pools?.words).toMatch(
      /default-scheduler \(\d+\) and rival-scheduler \(1\)|rival-scheduler \(1\) and default/,
    );
    await eventually(
      'the stranded pod to be told of',
      async () => {
        const { symptoms } = await found();
        return symptoms.some(
          ({ check, words }) => check === 'stranded pods' && words.includes('elsewhere/stranded'),
        );
      },
      { timeoutSeconds: 90 },
    );
  });

  test('says what is broken in the configuration', async () => {
    const { surefoot } = used.bed;
    const mend = await surefoot.breakProfiles('kind: Profile\n');
    const { symptoms, status } = await found();
    expect(status).toBe(1);
    expect(symptoms.find(({ check }) => check === 'configuration')?.words).toMatch(
      /profiles.yaml.*kind/,
    );
    expect(await alerts.fires('SurefootConfigurationBroken')).toContain('last good one');
    await mend();
    await alerts.fall();
  });

  test('says which device has no profile', async () => {
    await used.hand.patchNodeStatus('gpu-3', {
      capacity: { 'example.com/npu': '4' },
      allocatable: { 'example.com/npu': '4' },
    });
    const { symptoms } = await found();
    expect(symptoms.find(({ check }) => check === 'devices without a profile')?.words).toBe(
      'nodes offer example.com/npu, which no profile is for',
    );
    expect(symptoms.some(({ words }) => words.includes(GPU))).toBe(false);
  });
});
