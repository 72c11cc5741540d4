import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { ClientAuthority } from '../make/client-pairs.ts';
import { sample } from '../samples.ts';
import { schedulerFile } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { journey } from './journey.ts';
import { Rotation } from './rotation.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

/** Mode B over HTTPS: the cluster's scheduler asks the extender where the manifests' Service would be. */
const used = useBed({ count: 4, gpus: 8, mode: 'act', isAsked: false });

beforeAll(async () => {
  const { plane, surefoot } = used.bed;
  const rotation = new Rotation(used.bed);
  const file = await schedulerFile('cluster-scheduler-https');
  const asked = file.extenders?.[0];
  if (asked?.tlsConfig === undefined) throw new Error('the file names no CA');
  // As the component patches it: the pair is for the extender's Service, too.
  await surefoot.stopCerts();
  await surefoot.startCerts(`--host=${asked.tlsConfig.serverName}`);
  await eventually('a pair for both', async () => {
    const pair = new X509Certificate(await rotation.kept('tls.crt'));
    return pair.checkHost(asked.tlsConfig?.serverName ?? '') !== undefined;
  });
  await surefoot.killExtender();
  // A stand-in for the cluster's CA: here accounts have tokens.
  const authority = await ClientAuthority.make(used.bed.directory);
  await surefoot.startExtender(
    `--tls-dir=${surefoot.tlsDirectory}`,
    `--client-ca=${authority.path}`,
  );
  Object.assign(asked.tlsConfig, await authority.pairFor('system:kube-scheduler'));
  asked.tlsConfig.caFile = join(used.bed.directory, 'surefoot-ca.crt');
  await writeFile(asked.tlsConfig.caFile, await rotation.kept('ca.crt'));
  asked.urlPrefix = plane.extenderUrl.replace('http:', 'https:');
  file.leaderElection = { leaderElect: false };
  // Two of one name would race: this one is for pods that name it.
  file.profiles = [{ schedulerName: 'over-https' }];
  await plane.runScheduler('over-https', file);
  await surefoot.setWebhook('schedulerName', 'over-https');
});

describe('over HTTPS', () => {
  journey(used, { broken: 'gpu-4' });

  test('in the clear it is not answered, and the scheduler is', async () => {
    await expect(fetch(`${used.bed.surefoot.askUrl}/prioritize`)).rejects.toThrow();
    await used.hand.createPod(pod('asked'));
    await used.hand.runningPod('asked');
    const metrics = await used.bed.surefoot.extenderMetrics();
    const answered = { result: 'answered' };
    expect(sample(metrics, 'surefoot_prioritize_requests_total', answered)).toBeGreaterThan(0);
    expect(sample(metrics, 'surefoot_certificate_expiry_timestamp_seconds')).toBeGreaterThan(
      Date.now() / 1000,
    );
    expect(await used.bed.plane.unansweredCalls('over-https')).toBe(0);
  });

  test('a pod without devices costs no question', async () => {
    const questions = async () => {
      const metrics = await used.bed.surefoot.extenderMetrics();
      return sample(metrics, 'surefoot_prioritize_requests_total');
    };
    const before = await questions();
    const plain = pod('plain', { schedulerName: 'over-https', profile: undefined, gpus: 0 });
    Object.assign(plain.spec ?? {}, { tolerations: [{ operator: 'Exists' }] });
    await used.hand.createPod(plain);
    await used.hand.runningPod('plain');
    expect(await questions()).toBe(before);
    await used.hand.createPod(pod('with-device'));
    await used.hand.runningPod('with-device');
    expect(await questions()).toBeGreaterThan(before);
  });
});
