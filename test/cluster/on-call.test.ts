import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { deviceHistories } from '../../extender/storage/api.ts';
import type { DeviceHistory } from '../../extender/storage/schema.ts';
import type { Job } from '../../webhook/words/job.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { Applier } from './apply.ts';
import { BROKEN } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { ForwardingKubelet } from './forwarding-kubelet.ts';
import { nodeOf } from './hand.ts';
import { seesImage } from './journey.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

/** Somebody at three in the morning who has read `surefoot --help`. */
const used = useBed({ count: 3, gpus: 8, mode: 'act' });
const IMAGE = 'registry.example/train:1';

let kubelet: ForwardingKubelet | undefined;
beforeAll(async () => {
  kubelet = await ForwardingKubelet.start(used.bed, 'gpu-1');
});
afterAll(() => kubelet?.stop());

/** What was typed in this file, and what was said to it. */
const typed = new Map<string, string>();

/** Types a command, as a person would, and gives what was said; the page is reached as kubectl port-forward does. */
async function ask(...args: readonly string[]): Promise<string> {
  const { surefoot } = used.bed;
  const { said, status } = await surefoot.command(...args, surefoot.asAdmin);
  expect(status, said).toBe(0);
  typed.set(args.map((arg) => (/ /.test(arg) ? `'${arg}'` : arg)).join(' '), said);
  return said;
}

/** The commands of a transcript in the README with what it shows of their answers; `...` stands for what it leaves out. */
async function transcriptOfReadme(): Promise<readonly (readonly [string, readonly string[]])[]> {
  const readme = await readFile('README.md', 'utf8');
  const [transcript = ''] =
    /^\$ kubectl surefoot nodes --bad\n[\s\S]*?(?=^```$)/m.exec(readme) ?? [];
  return transcript
    .split(/^\$ kubectl surefoot /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...lines] = step.trimEnd().split('\n');
      return [command, lines.filter((line) => line !== '...')];
    });
}

/** Which numbers they are differs from run to run, and with it how wide a column is. */
function withoutNumbers(line: string): string {
  return line
    .replaceAll('just now', '0 s ago')
    .replaceAll(/\d+(\.\d+)?/g, 'N')
    .replaceAll(/ +/g, ' ');
}

test('finds the worst node, why a pod left it, what to return, and gives it back after the repair', async () => {
  const { hand, bed } = used;
  const { surefoot } = bed;
  await hand.giveImage('gpu-2', IMAGE, 1_000_000_000);
  await seesImage(used, 'gpu-2', IMAGE);
  await hand.annotateNode('gpu-2', { [BROKEN]: '1' });
  await hand.createPod(pod('first', { gpus: 8, image: IMAGE }));
  await eventually('the rejection', async () => {
    return (await hand.pod('first')).status?.phase === 'Failed';
  });
  await eventually('the incident', async () => {
    return (await surefoot.node('gpu-2'))?.incidents.length === 1;
  });
  await hand.createPod(pod('second', { gpus: 8, image: IMAGE }));
  const elsewhere = nodeOf(await hand.runningPod('second'));

  expect(await ask('nodes', '--bad', '-o=name')).toBe('node/gpu-2\n');
  expect(await ask('nodes', '--bad')).toMatch(/^gpu-2 /m);
  expect(await ask('node', 'gpu-2')).toMatch(/^Incidents:\n {2}the kubelet /m);
  const why = await ask('why', 'second');
  expect(why).toContain(`default/second: placed on ${elsewhere}; asked `);
  expect(why).toMatch(/^gpu-2: .* = .*the kubelet /m);
  expect(await ask('warranty', 'gpu-2')).toMatch(/^## A device in gpu-2$/m);
  expect(await ask('report')).toMatch(/^\| gpu-2 \| /m);
  expect(await ask('drain-order', 'gpu-2')).toMatch(/^gpu-2 +\d+ +/m);
  // There is no network of pods here, through which the API server would ask for its readiness.
  expect(await ask('status')).toMatch(
    /^Surefoot \S+ is well, as far as you may look: 3 checks could not be made\n/,
  );

  await hand.annotateNode('gpu-2', { [BROKEN]: null });
  expect(await ask('forgive', 'gpu-2', '--reason', 'board replaced')).toBe(
    'forgave one incident of gpu-2\n',
  );
  await eventually('gpu-2 to be well', async () => (await ask('nodes', '--bad', '-o=name')) === '');
  await hand.deletePod('second', 0);
  await hand.createPod(pod('third', { gpus: 8, image: IMAGE }));
  expect(nodeOf(await hand.runningPod('third'))).toBe('gpu-2');
  expect(await ask('why', 'third')).toContain('default/third: placed on gpu-2; asked ');

  const shown = await transcriptOfReadme();
  expect(shown.length).toBeGreaterThanOrEqual(5);
  for (const [command, lines] of shown) {
    const said = typed.get(command)?.split('\n').map(withoutNumbers);
    expect({ command, said }).toEqual({
      command,
      said: expect.arrayContaining(lines.map(withoutNumbers)),
    });
  }

  const { items: events } = await hand.core.listEventForAllNamespaces({
    fieldSelector: 'involvedObject.kind=Node,involvedObject.name=gpu-2',
  });
  const told = events.map(({ reason, message }) => `${reason}: ${message}`);
  expect(told).toContain('IncidentsForgiven: one incident was forgiven: board replaced');

  // What it has counted outlives it.
  await surefoot.stopExtender();
  expect(await ask('nodes')).toContain(
    'the page of surefoot-system/surefoot-extender-0 does not answer; kubectl logs -n surefoot-system surefoot-extender-0 may say why; this is from the DeviceHistory objects: ',
  );
  const report = await surefoot.command('report', surefoot.asAdmin);
  expect(report).toMatchObject({
    said: expect.stringMatching(/^Acting: Surefoot was asked about 3 pods that were placed\. /m),
    status: 0,
  });
  await surefoot.startExtender();
  expect(await ask('report')).toMatch(/^Acting: Surefoot was asked about 3 pods /m);
});

test('a viewer may look at everything, and change nothing', async () => {
  const { surefoot, admin, plane } = used.bed;
  const roles = await readFile('manifests/base/viewer.yaml', 'utf8');
  const to = (kind: string, binding: string, more: object) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: binding,
    metadata: { name: 'viewer', ...more },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: 'surefoot-viewer' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'viewer' }],
  });
  const bindings = [
    to('ClusterRole', 'ClusterRoleBinding', {}),
    to('Role', 'RoleBinding', { namespace: 'surefoot-system' }),
  ];
  await new Applier(admin).apply([roles, ...bindings.map((one) => stringify(one))].join('---\n'));
  const asViewer = `--kubeconfig=${plane.kubeconfigPath('viewer')}`;
  await eventually('the rights to be there', async () => {
    return (await surefoot.command('report', asViewer)).status === 0;
  });
  for (const args of [['nodes'], ['incidents'], ['mode'], ['node', 'gpu-2']]) {
    const { said, status } = await surefoot.command(...args, asViewer);
    expect({ args, said, status }).toMatchObject({
      status: 0,
      said: expect.not.stringContaining('DeviceHistory objects'),
    });
  }
  const histories = deviceHistories(plane.kubeConfig('viewer'));
  const [{ metadata }] = (await histories.list()) as [DeviceHistory];
  const mark = { metadata: { annotations: { 'surefoot.dev/forgive': '{"reason":"x"}' } } };
  await expect(histories.mergePatch(metadata.name ?? '', mark)).rejects.toThrow(/cannot patch/);
  for (const args of [['mode', 'observe', '--yes'], ['leave']]) {
    const { said, status } = await surefoot.command(...args, asViewer);
    expect({ args, said, status }).toMatchObject({
      said: expect.stringMatching(/forbidden|cannot|may not/),
      status: 1,
    });
  }
});

test('surefoot page brings the page to this machine until it is interrupted', async () => {
  const { surefoot, plane } = used.bed;
  const command = plane.start('surefoot-page', process.execPath, [
    ...['extender/commands/surefoot.ts', 'page', '--no-browser', surefoot.asAdmin],
  ]);
  const url = await eventually('its address', async () => {
    return /^http:\S+$/m.exec(await readFile(command.logPath, 'utf8'))?.[0];
  });
  expect(await (await fetch(url)).text()).toContain('<title>Surefoot</title>');
  const fleet = await fetch(`${url}/api/fleet`);
  expect(await fleet.json()).toMatchObject({ nodes: [{}, {}, {}] });
  await command.stop('SIGINT');
  expect(command.exitStatus).toBe(0);
  await expect(fetch(url)).rejects.toThrow();
});

test('what surefoot preview shows is what the API server makes of a pod and of a Job', async () => {
  const raw = await RawClient.for(used.bed);
  const job = indexedJob('seen-before', 2, { gpus: 8 });
  const seen = { ...pod('seen-before', { gpus: 8 }), apiVersion: 'v1', kind: 'Pod' };
  const manifest = join(used.bed.directory, 'seen-before.yaml');
  await writeFile(
    manifest,
    [seen, { ...job, apiVersion: 'batch/v1', kind: 'Job' }]
      .map((one) => stringify(one))
      .join('---\n'),
  );
  const { said, status } = await used.bed.surefoot.command(
    ...['preview', '-f', manifest, `--config=${used.bed.surefoot.configDirectory}`, '-o=json'],
  );
  expect(status, said).toBe(1);
  const { items } = JSON.parse(said) as { items: { after: Pod | Job }[] };
  const [foreseenPod, foreseenJob] = items.map(({ after }) => after);
  expect(foreseenPod?.metadata.labels).toMatchObject({ 'surefoot.dev/managed': 'true' });
  expect(foreseenJob?.metadata.name).toBe('seen-before');
  const made = await raw.create('pods', 'default', seen, { dryRun: true });
  expect(made.body).toMatchObject({ ...foreseenPod });
  const madeJob = await raw.create('jobs', 'default', job, { dryRun: true });
  expect(madeJob.body).toMatchObject({ ...foreseenJob });
});
