import type {
  KubeConfig,
  V1CronJob,
  V1Deployment,
  V1Job,
  V1Node,
  V1PodTemplateSpec,
} from '@kubernetes/client-node';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { DEPLOYMENTS, NODES, PODS } from '../../../certs/cluster/collections.ts';
import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { mutatingWebhooks } from '../../../certs/renewal/store.ts';
import { homeLabelsIn } from '../../../webhook/words/home-label.ts';
import { OWN_SCHEDULER, REGISTRATION } from '../../../webhook/words/installed-names.ts';
import { HAZARD, HOME_GATE } from '../../../webhook/words/keys.ts';
import type { ObjectMeta, Pod } from '../../../webhook/words/pod.ts';
import { extenderPods } from '../../doctor/extender-pods.ts';
import { gatedPod } from '../../facts/gated.ts';
import { liftIfGated, podWriter } from '../../gates/pod-writer.ts';
import { nodeWriter } from '../../node-labels/node-writer.ts';
import { type Patience, pollUntil } from '../terminal/poll-until.ts';
import { print } from '../terminal/print.ts';

export interface LeaveOptions extends ApiOptions {
  /** Where Surefoot is installed. */
  readonly namespace: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** How long pods may take to be placed by our scheduler. */
  readonly patience: number;
}

const EXTENDER = 'surefoot-extender';
const LOOK_AGAIN_MS = 1000;

/**
 * Does what has to come before our objects are deleted: no more pods come to us, none is left waiting for our
 * scheduler, no node carries our mark. Gives whether nothing stands in the way any more.
 */
export async function leave(options: LeaveOptions): Promise<boolean> {
  const config = loadKubeConfig(options);
  const { namespace, dryRun = false } = options;
  const patience = { patienceMs: options.patience * 1000, everyMs: LOOK_AGAIN_MS };
  const isHelms = await unregister(config, dryRun);
  await liftAll(config, dryRun);
  const waiting = await waitingPods(config, dryRun ? { ...patience, patienceMs: 0 } : patience);
  const templates = await templatesOf(config);
  say(
    waiting,
    'waits for our scheduler',
    'make room for it, or delete it: its owner makes it anew, for the default scheduler',
  );
  say(
    templates,
    'names our scheduler, so its next pods would wait for ever',
    'take schedulerName out of its template (of a Job: delete it, or let it end)',
  );
  if (waiting.length + templates.length > 0) {
    print('Our scheduler stays until then; call this again.');
    return false;
  }
  await unmark(config, namespace, dryRun, patience);
  print(
    dryRun
      ? 'Nothing was changed.'
      : `Nothing waits for us any more. Now: ${isHelms ? `helm uninstall surefoot -n ${namespace}` : 'kubectl delete -k manifests/default'}`,
  );
  return true;
}

/** From here on pods are created as if we were not there. Gives whether Helm has installed us. */
async function unregister(config: KubeConfig, dryRun: boolean): Promise<boolean> {
  const api = mutatingWebhooks(config);
  const name = REGISTRATION;
  const found = await api.find(name);
  const what = `the registration mutatingwebhookconfiguration/${name}`;
  if (found === undefined) print(`${what} is gone already`);
  else if (dryRun) print(`would delete ${what}`);
  else {
    await api.delete(name);
    print(
      `deleted ${what}: no more pods are prepared (a GitOps tool makes it anew unless it is told)`,
    );
  }
  return found?.metadata?.labels?.['app.kubernetes.io/managed-by'] === 'Helm';
}

/** Takes our gate off every pod: nobody would, once we are gone. */
async function liftAll(config: KubeConfig, dryRun: boolean): Promise<void> {
  const pods = new ApiObjects<Pod>(config, PODS);
  const writer = podWriter(config);
  const waiting = (await pods.list({ fieldSelector: 'status.phase=Pending' })).flatMap(
    (pod) => gatedPod(pod) ?? [],
  );
  for (const pod of waiting) {
    const what = `the scheduling gate ${HOME_GATE} of pod ${pod.namespace}/${pod.name}`;
    if (dryRun) print(`would lift ${what}`);
    else if (await liftIfGated(writer, pod)) print(`lifted ${what}`);
  }
}

/** Pods that no node was found for, in words. */
async function waitingPods(config: KubeConfig, patience: Patience): Promise<readonly string[]> {
  const pods = new ApiObjects<Pod>(config, PODS);
  let said = 0;
  async function look(): Promise<readonly string[]> {
    const waiting = (await pods.list({ fieldSelector: 'status.phase=Pending' }))
      .filter(({ spec }) => spec.nodeName === undefined && spec.schedulerName === OWN_SCHEDULER)
      .map(({ metadata }) => `pod ${metadata.namespace}/${metadata.name}`);
    if (waiting.length !== said && waiting.length > 0) {
      print(`${waiting.length} pods wait for our scheduler`);
    }
    said = waiting.length;
    return waiting;
  }
  return pollUntil(look, (waiting) => waiting.length === 0, patience);
}

/** Workloads that send their pods to our scheduler themselves. */
async function templatesOf(config: KubeConfig): Promise<readonly string[]> {
  const inApps = (plural: string) =>
    new ApiObjects<Templated>(config, { api: 'apis/apps/v1', plural }).list();
  const inBatch = <T extends object>(plural: string) =>
    new ApiObjects<T>(config, { api: 'apis/batch/v1', plural }).list();
  const jobs = (await inBatch<V1Job>('jobs')).filter(
    ({ status }) =>
      !status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed'),
  );
  const cronJobs = await inBatch<V1CronJob>('cronjobs');
  const plain = ({ spec }: Templated) => spec?.template;
  return [
    ...naming('deployment', await inApps('deployments'), plain),
    ...naming('statefulset', await inApps('statefulsets'), plain),
    ...naming('daemonset', await inApps('daemonsets'), plain),
    ...naming('job', jobs, plain),
    ...naming('cronjob', cronJobs, ({ spec }) => spec?.jobTemplate.spec?.template),
  ];
}

interface Named {
  readonly metadata?: Pick<ObjectMeta, 'name' | 'namespace'>;
}

/** A workload that makes its pods by a template. */
interface Templated extends Named {
  readonly spec?: { readonly template: V1PodTemplateSpec };
}

function naming<T extends Named>(
  kind: string,
  items: readonly T[],
  templateOf: (item: T) => V1PodTemplateSpec | undefined,
): readonly string[] {
  return items
    .filter((item) => templateOf(item)?.spec?.schedulerName === OWN_SCHEDULER)
    .map(({ metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`);
}

/** Takes our labels, annotation and taint off all nodes, once nobody is left who would put them back. */
async function unmark(
  config: KubeConfig,
  namespace: string,
  dryRun: boolean,
  patience: Patience,
): Promise<void> {
  const nodes = await new ApiObjects<V1Node>(config, NODES).list();
  const marked = nodes
    .map(({ metadata: { name = '', labels = {} } = {}, spec }) => ({
      name,
      isHinted: labels[HAZARD] !== undefined || spec?.taints?.some(({ key }) => key === HAZARD),
      removed: homeLabelsIn(labels),
    }))
    .filter(({ isHinted, removed }) => isHinted || removed.length > 0);
  if (marked.length === 0) return;
  const names = marked.map(({ name }) => name).join(', ');
  if (dryRun) {
    print(`would stop deployment/${EXTENDER} and take our marks off ${names}`);
    return;
  }
  await stopExtender(config, namespace, patience);
  const writer = nodeWriter(config);
  for (const { name, isHinted, removed } of marked) {
    if (isHinted) await writer.writeHazard(name, undefined);
    if (removed.length > 0) await writer.writeHomes(name, { added: [], removed });
  }
  print(`took our marks off ${names}`);
}

async function stopExtender(
  config: KubeConfig,
  namespace: string,
  patience: Patience,
): Promise<void> {
  const deployments = new ApiObjects<V1Deployment>(config, { ...DEPLOYMENTS, namespace });
  if ((await deployments.find(EXTENDER)) === undefined) return;
  await deployments.mergePatch(EXTENDER, { spec: { replicas: 0 } }, 'scale');
  const left = await pollUntil(
    () => extenderPods(config, namespace),
    (found) => found.length === 0,
    patience,
  );
  if (left.length === 0) return;
  throw new Error(
    `deployment/${EXTENDER} still has ${left.length} pods, which would mark nodes again; see kubectl -n ${namespace} get pods, then call this again`,
  );
}

function say(names: readonly string[], words: string, fix: string): void {
  for (const name of names) print(`${name} ${words}\n  -> ${fix}`);
}
