import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Slot, slotOf } from '../webhook/words/workload.ts';
import { directoryWith } from './fake/directory.ts';

/** docs/workloads.md says what is added to pods of each kind, and which slot they fill: as it is. */

const EXECUTABLE = join(import.meta.dirname, '../extender/commands/surefoot.ts');

let page = '';
/** The fenced blocks of this language, in the order of the page. */
const blocks = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block = '']) => block,
  );
beforeAll(async () => {
  page = await readFile(join(import.meta.dirname, '../docs/workloads.md'), 'utf8');
});

/** However long lines are. */
const inOneLine = (words: string) => words.replaceAll(/\s+/g, ' ').trim();

/** What `surefoot preview` says, without the lines that change. */
async function previewed(manifests: string, profiles: string): Promise<readonly string[]> {
  const surefoot = 'apiVersion: config.surefoot.dev/v1alpha1\nkind: Surefoot\nmode: act\n';
  const config = await directoryWith({ 'profiles.yaml': profiles, 'surefoot.yaml': surefoot });
  const child = spawn(process.execPath, [EXECUTABLE, 'preview', '-f', '-', `--config=${config}`], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  child.stdin.end(manifests);
  const [said] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return said.split('\n\n').map((one) => inOneLine(one.replace(/\n@@[\s\S]*/, '')));
}

describe('the page of the workloads', () => {
  test('says what surefoot preview says of its manifests', async () => {
    const [profiles = '', ...manifests] = blocks('yaml');
    const answers = blocks('text');
    expect(manifests.length).toBeGreaterThanOrEqual(8);
    expect(answers).toHaveLength(manifests.length);
    expect(answers.map(inOneLine).join(' ')).toBe(
      (await previewed(manifests.join('---\n'), profiles)).join(' '),
    );
  });

  const group = { jobset: 'jobset.sigs.k8s.io', lws: 'leaderworkerset.sigs.k8s.io' };
  const kubeflow = 'training.kubeflow.org';
  const index = 'batch.kubernetes.io/job-completion-index';
  test.each([
    { owner: 'batch/v1 Job train', labels: { [index]: '3' } },
    {
      owner: 'batch/v1 Job train-workers-0',
      labels: {
        [`${group.jobset}/jobset-name`]: 'train',
        [`${group.jobset}/replicatedjob-name`]: 'workers',
        [`${group.jobset}/job-index`]: '0',
        [index]: '3',
      },
    },
    {
      owner: 'apps/v1 StatefulSet serve-1',
      labels: {
        [`${group.lws}/name`]: 'serve',
        [`${group.lws}/group-index`]: '1',
        [`${group.lws}/worker-index`]: '2',
      },
    },
    {
      owner: 'kubeflow.org/v1 PyTorchJob train',
      labels: { [`${kubeflow}/replica-type`]: 'worker', [`${kubeflow}/replica-index`]: '3' },
    },
    {
      owner: 'ray.io/v1 RayCluster ray',
      labels: {
        'ray.io/group': 'gpu',
        'ray.io/worker-group-replica-index': '0',
        'ray.io/replica-host-index': '0',
      },
    },
    {
      owner: 'kubeflow.org/v2beta1 MPIJob bench',
      labels: { [`${kubeflow}/replica-type`]: 'worker', [`${kubeflow}/replica-index`]: '2' },
    },
    {
      owner: 'apps/v1 ReplicaSet chat-5d9c7b64f8',
      labels: { 'pod-template-hash': '5d9c7b64f8' },
      anyOfThem: true,
    },
    { owner: 'apps/v1 StatefulSet store', labels: {}, name: 'store-2' },
  ])(
    'names the slot of a pod of $owner',
    ({ owner, labels, name = 'pod-x', anyOfThem = false }) => {
      const [apiVersion = '', kind = '', ownerName = ''] = owner.split(' ');
      const slot: Slot = slotOf({
        metadata: {
          name,
          namespace: 'team-a',
          labels: { ...labels },
          ownerReferences: [{ apiVersion, kind, name: ownerName, controller: true }],
        },
        spec: { containers: [] },
      });
      expect(page).toContain(`\`${slot.key}\``);
      expect(slot.interchangeable).toBe(anyOfThem);
    },
  );
});
