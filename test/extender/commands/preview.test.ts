import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';
import { FULL_PROFILES } from '../../make/full-profiles.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

async function preview(manifest: string, ...args: readonly string[]) {
  const config = await directoryWith({ 'profiles.yaml': FULL_PROFILES });
  const child = spawn(process.execPath, [
    ...[EXECUTABLE, 'preview', '-f', '-', `--config=${config}`],
    ...args,
  ]);
  child.stdin.end(manifest);
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output: stripVTControlCharacters(output), errors, status };
}

const CONTAINERS =
  'containers: [{ name: main, image: a, resources: { limits: { nvidia.com/gpu: 1 } } }]';
const POD = `kind: Pod\nmetadata: { name: train }\nspec: { ${CONTAINERS} }\n`;

describe('surefoot preview', () => {
  test('shows a pod before and after, and says with its status that something would change', async () => {
    const { output, status } = await preview(POD);
    expect(output).toContain('Pod train: profile all: toleration nvidia.com/gpu:NoSchedule; ');
    expect(output).toContain('RestartsAnyway: restart rules are for pods with restartPolicy Never');
    expect(output).toMatch(
      /^- {2}terminationGracePeriodSeconds: 30\n\+ {2}terminationGracePeriodSeconds: 120$/m,
    );
    expect(output).toMatch(/^- {6}tolerationSeconds: 300\n\+ {6}tolerationSeconds: 900$/m);
    expect(status).toBe(1);
  });

  test('says that nothing is changed while the configuration observes', async () => {
    const surefoot = (mode: string) =>
      `apiVersion: config.surefoot.dev/v1alpha1\nkind: Surefoot\nmode: ${mode}\n`;
    const errorsIn = async (mode: string) => {
      const files = { 'profiles.yaml': FULL_PROFILES, 'surefoot.yaml': surefoot(mode) };
      const config = await directoryWith(files);
      return (await preview(POD, `--config=${config}`)).errors;
    };
    expect(await errorsIn('observe')).toMatch(
      /says mode observe: nothing of this is changed before/,
    );
    expect(await errorsIn('act')).toBe('');
  });

  test('leaves the pods of a DaemonSet with the scheduler that they have, unlike those of a Deployment', async () => {
    const of = async (kind: string) =>
      (
        await preview(
          `kind: ${kind}\nmetadata: { name: w }\nspec: { template: { spec: { ${CONTAINERS} } } }\n`,
        )
      ).output;
    expect(await of('Deployment')).toContain('+  schedulerName: surefoot');
    const daemons = await of('DaemonSet');
    expect(daemons).not.toContain('schedulerName: surefoot');
    expect(daemons).toContain('a DaemonSet has chosen its node');
  });

  test('shows a Job, the pods of it, and the price of a failure policy', async () => {
    const { output } = await preview(
      `kind: Job\nmetadata: { name: j }\nspec: { template: { spec: { restartPolicy: Never, ${CONTAINERS} } } }\n`,
    );
    expect(output).toContain('Job j: profile all: failure policy: disruptions do not count');
    expect(output).toContain('its price: with podReplacementPolicy Failed, a pod on a lost node');
    expect(output).toMatch(/^\+ {2}podFailurePolicy:$/m);
    expect(output).toContain('Pod of Job j: profile all: ');
  });

  const kinds: readonly { name: string; manifest: string; titles: readonly string[] }[] = [
    {
      name: 'a Deployment in a namespace',
      manifest: `kind: Deployment\nmetadata: { name: web, namespace: a }\nspec: { template: { spec: { ${CONTAINERS} } } }\n`,
      titles: ['Pod of Deployment a/web'],
    },
    {
      name: 'a CronJob',
      manifest: `kind: CronJob\nmetadata: { name: c }\nspec: { jobTemplate: { spec: { template: { spec: { restartPolicy: Never, ${CONTAINERS} } } } } }\n`,
      titles: ['Job of CronJob c', 'Pod of Job of CronJob c'],
    },
    {
      name: 'several documents and a list',
      manifest: `${POD}---\nkind: List\nitems:\n  - kind: Service\n  - { kind: Pod, metadata: { generateName: x- }, spec: { ${CONTAINERS} } }\n`,
      titles: ['Pod train', 'Pod x-'],
    },
  ];
  test.each(kinds)('$name', async ({ manifest, titles }) => {
    const { output, status } = await preview(manifest);
    const shown = [...output.matchAll(/^(.+): profile all: /gm)].map(([, title]) => title);
    expect(shown).toEqual(titles);
    expect(status).toBe(1);
  });

  const custom: readonly { kind: string; spec: string; paths: readonly string[] }[] = [
    {
      kind: 'RayJob',
      spec: `rayClusterSpec: { headGroupSpec: { template: { spec: { ${CONTAINERS} } } }, workerGroupSpecs: [{ template: { spec: { ${CONTAINERS} } } }] }`,
      paths: [
        'spec.rayClusterSpec.headGroupSpec.template',
        'spec.rayClusterSpec.workerGroupSpecs[0].template',
      ],
    },
    {
      kind: 'JobSet',
      spec: `replicatedJobs: [{ name: w, template: { spec: { template: { spec: { restartPolicy: Never, ${CONTAINERS} } } } } }]`,
      paths: ['spec.replicatedJobs[0].template.spec.template'],
    },
    {
      kind: 'LeaderWorkerSet',
      spec: `leaderWorkerTemplate: { workerTemplate: { spec: { ${CONTAINERS} } } }`,
      paths: ['spec.leaderWorkerTemplate.workerTemplate'],
    },
    {
      kind: 'PyTorchJob',
      spec: `pytorchReplicaSpecs: { Worker: { replicas: 4, template: { spec: { ${CONTAINERS} } } } }`,
      paths: ['spec.pytorchReplicaSpecs.Worker.template'],
    },
    {
      kind: 'InferenceService',
      spec: `predictor: { ${CONTAINERS} }`,
      paths: ['spec.predictor'],
    },
  ];
  test.each(custom)(
    'the templates of a $kind, wherever they stand',
    async ({ kind, spec, paths }) => {
      const manifest = `apiVersion: example.com/v1\nkind: ${kind}\nmetadata: { name: x }\nspec: { ${spec} }\n`;
      const { output, status } = await preview(manifest);
      const shown = [...output.matchAll(/^Pod of (.+): profile all: /gm)].map(([, title]) => title);
      expect(shown).toEqual(paths.map((path) => `${kind} x, ${path}`));
      expect(status).toBe(1);
    },
  );

  test('a namespace that has not opted in, and one that is observed', async () => {
    const none = await preview(POD, '--namespace-label=none');
    expect(none.output).toBe(
      'Pod train: nothing would change\n  OptedOut: neither its annotation surefoot.dev/profile nor the label of its namespace has opted in\n',
    );
    expect(none.status).toBe(0);
    const observed = await preview(POD, '--namespace-label=observe');
    expect(observed.output).toContain('ObserveOnly: observing; would have injected: toleration ');
    const annotated = POD.replace(
      'name: train',
      'name: train, annotations: { surefoot.dev/profile: all }',
    );
    expect((await preview(annotated, '--namespace-label=none')).status).toBe(1);
  });

  test('somebody who asks for a profile that is not there is told with a status', async () => {
    const annotations = 'annotations: { surefoot.dev/profile: nvida }';
    const { output, status } = await preview(
      POD.replace('name: train', `name: train, ${annotations}`),
    );
    expect(output).toMatch(/^ {2}UnknownProfile: .* names "nvida"/m);
    expect(status).toBe(2);
  });

  test('as data', async () => {
    const { output, status } = await preview(POD, '-o', 'json');
    const [item] = JSON.parse(output).items;
    expect(item.title).toBe('Pod train');
    expect(item.after.spec.terminationGracePeriodSeconds).toBe(120);
    expect(item.operations[0]).toMatchObject({ op: expect.any(String), path: expect.any(String) });
    expect(status).toBe(1);
    expect((await preview(POD, '--output=yaml')).output).toMatch(
      /^items:\n {2}- title: Pod train\n/,
    );
  });

  const unchanged: readonly { name: string; manifest: string; says: string }[] = [
    {
      name: 'a pod without devices',
      manifest: 'kind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: a }] }\n',
      says: 'Pod web: nothing would change\n  NoDevice: the pod asks for no device that profiles.yaml lists, and has no resource claim\n',
    },
    {
      name: 'a pod of no shape',
      manifest: 'kind: Pod\nspec: { containers: 7 }\n',
      says: 'Pod without a name: nothing would change\n  Unreadable: it has not the shape of its kind; the API server would say more\n',
    },
    {
      name: 'no pod anywhere',
      manifest: 'kind: Service\n---\n[]\n---\n',
      says: '-: nothing in it leads to a pod\n',
    },
    { name: 'nothing', manifest: '', says: '-: nothing in it leads to a pod\n' },
  ];
  test.each(unchanged)('$name: nothing would change, status 0', async ({ manifest, says }) => {
    expect(await preview(manifest)).toEqual({ output: says, errors: '', status: 0 });
  });

  const spark =
    'apiVersion: sparkoperator.k8s.io/v1beta2\nkind: SparkApplication\nmetadata: { name: s }\nspec: { executor: { gpu: { name: nvidia.com/gpu, quantity: 1 } } }\n';
  const said = (title: string) =>
    `${title}: not read\n  the pods that its controller makes are prepared when they are created\n`;
  test.each([
    {
      name: 'one that names containers in a form of its own',
      manifest: spark,
      says: said('SparkApplication s'),
      status: 3,
    },
    {
      name: 'one that does not show its pods',
      manifest:
        'apiVersion: trainer.kubeflow.org/v1alpha1\nkind: TrainJob\nmetadata: { name: t, namespace: a }\nspec: { runtimeRef: { name: torch } }\n',
      says: said('TrainJob a/t'),
      status: 3,
    },
    {
      name: 'one of a group of special interest',
      manifest: 'apiVersion: jobset.x-k8s.io/v1alpha2\nkind: JobSet\nmetadata: { name: j }\n',
      says: said('JobSet j'),
      status: 3,
    },
    {
      name: 'values of a chart',
      manifest: 'replicas: 3\n',
      says: said('an object without a kind without a name'),
      status: 3,
    },
    {
      name: 'kinds of Kubernetes that make no pods',
      manifest:
        'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\n---\napiVersion: v1\nkind: Secret\n',
      says: '-: nothing in it leads to a pod\n',
      status: 0,
    },
  ])(
    'what cannot be read is said, with a status of its own: $name',
    async ({ manifest, says, status }) => {
      expect(await preview(manifest)).toEqual({ output: says, errors: '', status });
    },
  );

  test('a pod beside it is shown, and it is said', async () => {
    const { output, status } = await preview(`${POD}---\n${spark}`);
    expect(output).toContain('Pod train: profile all: ');
    expect(output).toContain(said('SparkApplication s'));
    expect(status).toBe(1);
  });

  test('reads several files, and directories of them', async () => {
    const directory = await directoryWith({ 'a.yaml': POD, 'b.yml': spark, 'notes.txt': '][' });
    const other = join(await directoryWith({ 'c.yaml': POD.replace('train', 'other') }), 'c.yaml');
    const { output } = await preview('', '-f', directory, '-f', other);
    expect(output).toContain('Pod train: ');
    expect(output).toContain('SparkApplication s: not read');
    expect(output).toContain('Pod other: ');
    const empty = await directoryWith({ 'notes.txt': '' });
    expect(await preview('', '-f', empty)).toMatchObject({
      errors: `--filename: the directory ${empty} has no file that ends in .yaml, .yml or .json\n`,
      status: 2,
    });
  });

  test.each([
    { name: 'no YAML', manifest: 'a: [', says: /^-: not YAML: / },
    {
      name: 'a file that is not there',
      manifest: '',
      args: ['-f', '/nowhere'],
      says: /^--filename: \/nowhere cannot be read \(ENOENT\); name a manifest, a directory of them, or - for standard input\n$/,
    },
  ])('$name is an error, status 2', async ({ manifest, args = [], says }) => {
    const { errors, status } = await preview(manifest, ...args);
    expect(errors).toMatch(says);
    expect(status).toBe(2);
  });

  test('the examples are given what stands beside them', async () => {
    const directory = 'manifests/examples';
    for (const name of await readdir(directory)) {
      const text = await readFile(join(directory, name), 'utf8');
      const expected = [...text.matchAll(/^# {3}(.+)$/gm)].map(([, line = '']) => line);
      if (!text.includes('kind: Namespace')) expect(expected.length, name).toBeGreaterThan(0);
      const { output } = await preview(text, '--config=manifests/base/config');
      for (const line of expected) expect(output.split('\n'), name).toContain(line);
    }
  });

  test('goes by the scheduler of webhook.yaml, where that is there', async () => {
    const config = await directoryWith({
      'profiles.yaml': FULL_PROFILES.replace('    schedulerName: surefoot\n', ''),
      'webhook.yaml':
        'apiVersion: config.surefoot.dev/v1alpha1\nkind: Webhook\nschedulerName: surefoot-scheduler\n',
    });
    const { output } = await preview(POD, `--config=${config}`);
    expect(output).toContain('scheduler surefoot-scheduler');
  });
});
