import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AdmissionregistrationV1Api, CoreV1Api } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { Applier } from '../apply.ts';
import { eventually } from '../eventually.ts';
import { Renderers } from '../render.ts';
import { useBed } from '../use-bed.ts';

/** Twenty installs in a row by Helm, while the programs run that write to what it installs. */

const NAMESPACE = 'surefoot-system';
const INSTALLS = 20;
const used = useBed({ count: 5, gpus: 8, mode: 'act', tainted: false });

test(
  `${INSTALLS} installs and uninstalls in a row beside running programs fail never`,
  async () => {
    const { bed } = used;
    const renderers = await Renderers.ready();
    const applier = new Applier(bed.admin);
    const core = bed.admin.makeApiClient(CoreV1Api);
    await applier.apply(
      await readFile(join(import.meta.dirname, '../stand-in-kinds.yaml'), 'utf8'),
    );
    await bed.admin
      .makeApiClient(AdmissionregistrationV1Api)
      .deleteMutatingWebhookConfiguration({ name: 'zz-surefoot' });
    // Helm takes nothing over that others have made.
    await applier.remove(await renderers.kustomize('default'));
    await eventually(
      'the namespace to be gone',
      async () =>
        !(await core.listNamespace()).items.some(({ metadata }) => metadata?.name === NAMESPACE),
      { timeoutSeconds: 60 },
    );
    await core.createNamespace({
      body: {
        metadata: {
          name: NAMESPACE,
          labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
        },
      },
    });
    const helm = (command: 'install' | 'uninstall', ...args: readonly string[]) =>
      renderers.helmOn(
        bed.plane.kubeconfigPath('admin'),
        command,
        'surefoot',
        ...args,
        '--wait',
        '--timeout=60s',
      );
    for (let count = 1; count <= INSTALLS; count += 1) {
      expect(await helm('install', renderers.chart)).toContain('in mode observe');
      await helm('uninstall');
    }
  },
  20 * 60_000,
);
