import { writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { MANAGED } from '../../webhook/words/keys.ts';
import { ClientAuthority } from '../make/client-pairs.ts';
import { makeReview } from '../make/review.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

/** What docs/doors.md tells administrators to write, so that the API server shows its webhooks a certificate. */
const NAME = 'kube-apiserver-webhooks';
let authority: ClientAuthority;

const used = useBed({
  count: 1,
  gpus: 8,
  mode: 'act',
  tainted: false,
  apiServerFlags: async (directory) => {
    authority = await ClientAuthority.make(directory);
    const { certFile, keyFile } = await authority.pairFor(NAME);
    const kubeConfigFile = join(directory, 'webhook-clients.kubeconfig');
    const user = { 'client-certificate': certFile, 'client-key': keyFile };
    const kubeConfig = { apiVersion: 'v1', kind: 'Config', users: [{ name: '*', user }] };
    await writeFile(kubeConfigFile, stringify(kubeConfig));
    const path = join(directory, 'admission.yaml');
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'WebhookAdmissionConfiguration',
      kubeConfigFile,
    };
    const admission = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'AdmissionConfiguration',
      plugins: [{ name: 'MutatingAdmissionWebhook', configuration }],
    };
    await writeFile(path, stringify(admission));
    return [`--admission-control-config-file=${path}`];
  },
});

beforeAll(async () => {
  await used.bed.surefoot.killWebhook();
  await used.bed.surefoot.startWebhook(`--client-ca=${authority.path}`, `--client-name=${NAME}`);
});

/** Whether a review is answered that comes from elsewhere, with this pair or none. */
function answered(pair: object): Promise<boolean> {
  const body = JSON.stringify(makeReview());
  return new Promise((resolve) => {
    const call = request(
      {
        host: '127.0.0.1',
        port: used.bed.surefoot.webhookPort,
        path: '/mutate',
        method: 'POST',
        rejectUnauthorized: false,
        agent: false,
        headers: { 'Content-Type': 'application/json', 'Content-Length': body.length },
        ...pair,
      },
      (response) => resolve(response.resume().statusCode === 200),
    );
    call.once('error', () => resolve(false));
    call.end(body);
  });
}

describe('a webhook that lets in only the API server', () => {
  test('prepares pods as before', async () => {
    const created = await used.hand.createPod(pod('prepared'));
    expect(created.metadata?.labels?.[MANAGED]).toBe('true');
  });

  test('answers nobody without a certificate, or with another name in it', async () => {
    expect(await answered({})).toBe(false);
    expect(await answered(await authority.pairOf('somebody-else'))).toBe(false);
    expect(await answered(await authority.pairOf(NAME))).toBe(true);
  });
});
