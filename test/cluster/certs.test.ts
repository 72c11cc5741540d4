import { X509Certificate } from 'node:crypto';
import {
  AdmissionregistrationV1Api,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { certificatesIn } from '../../certs/renewal/trust.ts';
import type { ShownAbout } from '../../extender/page/shapes.ts';
import { sample } from '../samples.ts';
import { whileCreating } from './creating.ts';
import { eventually } from './eventually.ts';
import { useAlerts } from './prometheus.ts';
import { RawClient } from './raw.ts';
import { Rotation } from './rotation.ts';
import { useBed } from './use-bed.ts';

const used = useBed({ count: 3, gpus: 8, mode: 'act' });
const alerts = useAlerts(used);
/** The extender looks once a minute. */
const A_LOOK = { timeoutSeconds: 70 };
let raw: RawClient;
let rotation: Rotation;
beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  rotation = new Rotation(used.bed);
});

const failedOpen = async () =>
  sample(await raw.metrics(), 'apiserver_admission_webhook_fail_open_count');

describe('the certificates program', () => {
  test('has made a pair, and the API server trusts it', async () => {
    await eventually('all to be settled', () => rotation.isSettled());
    await eventually(
      'the page to say until when it serves',
      async () => {
        const about = await fetch(`${used.bed.surefoot.pageUrl}/api/about`);
        const { certificateEndsAt } = (await about.json()) as ShownAbout;
        return (
          certificateEndsAt ===
          new Date(new X509Certificate(await rotation.kept('tls.crt')).validTo).toISOString()
        );
      },
      A_LOOK,
    );
  });

  test('pitfall 24: a caBundle that was wiped is back within 10 s, and only that is ours', async () => {
    const before = await rotation.published();
    await rotation.wipeBundles();
    await eventually(
      'the bundle to be back',
      async () => (await rotation.published()).join() === before.join(),
      {
        timeoutSeconds: 10,
      },
    );
    const { metadata } = await used.bed.admin
      .makeApiClient(AdmissionregistrationV1Api)
      .readMutatingWebhookConfiguration({ name: 'zz-surefoot' });
    const ours = metadata?.managedFields?.filter(({ manager }) => manager === 'surefoot-certs');
    const fields = JSON.stringify(ours?.map(({ fieldsV1 }) => fieldsV1));
    expect(fields).toMatch('f:caBundle');
    expect(fields).not.toMatch(/f:(namespaceSelector|rules|failurePolicy|url|service)/);
  });

  test('pitfall 24: applied anew without it the configuration keeps its caBundle, and may lose an entry', async () => {
    const api = used.bed.admin.makeApiClient(AdmissionregistrationV1Api);
    const name = 'zz-surefoot';
    const { webhooks = [] } = await api.readMutatingWebhookConfiguration({ name });
    const entries = webhooks.map(({ clientConfig: { url }, ...entry }) => ({
      ...entry,
      clientConfig: { url },
    }));
    const apply = (count: number) =>
      api.patchMutatingWebhookConfiguration(
        {
          name,
          fieldManager: 'kubectl',
          force: true,
          body: {
            apiVersion: 'admissionregistration.k8s.io/v1',
            kind: 'MutatingWebhookConfiguration',
            metadata: { name },
            webhooks: entries.slice(0, count),
          },
        },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
    // As kubectl apply --server-side installs it: so far the tests have created it.
    await api.deleteMutatingWebhookConfiguration({ name });
    await apply(6);
    await eventually('the bundle to be there', () => rotation.isSettled());
    const before = await rotation.published();
    await apply(6);
    expect(await rotation.published()).toEqual(before);
    await apply(5);
    expect(await rotation.published()).toEqual(before.slice(1));
    await apply(6);
    await eventually('the bundle to be there', () => rotation.isSettled());
  });

  test('hazards 21 and 22: authority and pair are replaced under load, the mounted pair late, and no call is lost', async () => {
    used.bed.surefoot.mountDelaySeconds = 4;
    const before = await failedOpen();
    const { created, failed, unprepared } = await whileCreating(raw, 50, async () => {
      await rotation.rotate('authority');
      await rotation.rotate('pair');
    });
    used.bed.surefoot.mountDelaySeconds = 0;
    expect({ failed, unprepared, failedOpen: (await failedOpen()) - before }).toEqual({
      failed: [],
      unprepared: 0,
      failedOpen: 0,
    });
    expect(created).toBeGreaterThan(500);
  });

  test('a Secret that was emptied is filled anew, and no call is lost', async () => {
    const before = await failedOpen();
    const old = await rotation.kept('ca.crt');
    const { failed, unprepared } = await whileCreating(raw, 50, async () => {
      await rotation.patchSecret({ data: null });
      await eventually(
        'another authority, and it alone',
        async () => (await rotation.isSettled()) && (await rotation.kept('ca.crt')) !== old,
        { timeoutSeconds: 90 },
      );
    });
    expect({ failed, unprepared, failedOpen: (await failedOpen()) - before }).toEqual({
      failed: [],
      unprepared: 0,
      failedOpen: 0,
    });
  });

  test('pitfall 39: one that ends within a week wakes somebody', async () => {
    await used.bed.surefoot.stopCerts();
    await used.bed.surefoot.startCerts('--pair-days=5');
    await rotation.rotate('pair');
    expect(await alerts.fires('SurefootCertificateExpires')).toMatch(/expires soon. In 4d 23h/);
  });

  test('pitfall 23: of three that start with an empty Secret one makes the CA, and all go by it', async () => {
    await used.bed.surefoot.stopCerts();
    await rotation.patchSecret({ data: null });
    await Promise.all([1, 2, 3].map(() => used.bed.surefoot.startCerts('--admin=127.0.0.1:0')));
    await eventually('all to be settled', () => rotation.isSettled(), { timeoutSeconds: 90 });
    const kept = await rotation.kept('ca.crt');
    expect(certificatesIn(kept)).toHaveLength(1);
    // Longer than the two that wait would need to do it all again.
    await new Promise((resolve) => setTimeout(resolve, 8000));
    expect(await rotation.kept('ca.crt')).toBe(kept);
  });
});
