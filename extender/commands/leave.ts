import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  type KubeConfig,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { type ApiOptions, loadKubeConfig } from '../../certs/cluster/kube-config.ts';
import { unlessAbsent } from '../../certs/cluster/unless-absent.ts';
import { HAZARD } from '../../webhook/words/keys.ts';
import { nodeMarker } from '../node-marker.ts';

export interface LeaveOptions extends ApiOptions {
  /** Where Surefoot is installed. */
  readonly namespace: string;
  /** Says what would be done, and does nothing. */
  readonly dryRun?: boolean;
  /** How long pods may take to be placed by our scheduler. */
  readonly patience: number;
}

const CONFIGURATION = 'zz-surefoot';
const EXTENDER = 'surefoot-extender';
/** The scheduler of the component own-scheduler: it goes with us. */
const OURS = 'surefoot-scheduler';
const LOOK_AGAIN_MS = 1000;

/**
 * Does what has to come before our objects are deleted: no more pods come to us, none is left waiting for our
 * scheduler, no node carries our mark. Gives whether nothing stands in the way any more.
 */
export async function leave(options: LeaveOptions): Promise<boolean> {
  const config = loadKubeConfig(options);
  const { namespace, dryRun = false, patience: patienceSeconds } = options;
  const isHelms = await unregister(config, dryRun);
  const waiting = await waitingPods(config, dryRun ? 0 : patienceSeconds);
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
    console.log('Our scheduler stays until then; call this again.');
    return false;
  }
  await unmark(config, options);
  console.log(
    dryRun
      ? 'Nothing was changed.'
      : `Nothing waits for us any more. Now: ${isHelms ? `helm uninstall surefoot -n ${namespace}` : 'kubectl delete -k manifests/default'}`,
  );
  return true;
}

/** From here on pods are created as if we were not there. Gives whether Helm has installed us. */
async function unregister(config: KubeConfig, dryRun: boolean): Promise<boolean> {
  const api = config.makeApiClient(AdmissionregistrationV1Api);
  const name = CONFIGURATION;
  const found = await unlessAbsent(() => api.readMutatingWebhookConfiguration({ name }));
  const what = `the registration mutatingwebhookconfiguration/${name}`;
  if (found === undefined) console.log(`${what} is gone already`);
  else if (dryRun) console.log(`would delete ${what}`);
  else {
    await api.deleteMutatingWebhookConfiguration({ name });
    console.log(
      `deleted ${what}: no more pods are prepared (a GitOps tool makes it anew unless it is told)`,
    );
  }
  return found?.metadata?.labels?.['app.kubernetes.io/managed-by'] === 'Helm';
}

/** Pods that no node was found for, in words. */
async function waitingPods(
  config: KubeConfig,
  patienceSeconds: number,
): Promise<readonly string[]> {
  const core = config.makeApiClient(CoreV1Api);
  const deadline = performance.now() + patienceSeconds * 1000;
  let said = -1;
  for (;;) {
    const { items } = await core.listPodForAllNamespaces({ fieldSelector: 'status.phase=Pending' });
    const waiting = items
      .filter(({ spec }) => spec?.nodeName === undefined && spec?.schedulerName === OURS)
      .map(({ metadata }) => `pod ${metadata?.namespace}/${metadata?.name}`);
    if (waiting.length === 0 || performance.now() >= deadline) return waiting;
    if (waiting.length !== said)
      console.log(`${waiting.length} pods wait for our scheduler; waiting for them`);
    said = waiting.length;
    await sleep(LOOK_AGAIN_MS);
  }
}

interface Templated {
  readonly metadata?: { readonly namespace?: string; readonly name?: string };
  readonly spec?: { readonly template?: { readonly spec?: { readonly schedulerName?: string } } };
}

/** Workloads that send their pods to our scheduler themselves. */
async function templatesOf(config: KubeConfig): Promise<readonly string[]> {
  const apps = config.makeApiClient(AppsV1Api);
  const batch = config.makeApiClient(BatchV1Api);
  const lists: readonly (readonly [string, readonly Templated[]])[] = [
    ['deployment', (await apps.listDeploymentForAllNamespaces()).items],
    ['statefulset', (await apps.listStatefulSetForAllNamespaces()).items],
    ['daemonset', (await apps.listDaemonSetForAllNamespaces()).items],
    [
      'job',
      (await batch.listJobForAllNamespaces()).items.filter(
        ({ status }) =>
          !status?.conditions?.some(({ type }) => type === 'Complete' || type === 'Failed'),
      ),
    ],
    [
      'cronjob',
      (await batch.listCronJobForAllNamespaces()).items.map(({ metadata, spec }) => ({
        ...(metadata !== undefined && { metadata }),
        ...(spec?.jobTemplate.spec !== undefined && { spec: spec.jobTemplate.spec }),
      })) as readonly Templated[],
    ],
  ];
  return lists.flatMap(([kind, items]) =>
    items
      .filter(({ spec }) => spec?.template?.spec?.schedulerName === OURS)
      .map(({ metadata }) => `${kind} ${metadata?.namespace}/${metadata?.name}`),
  );
}

/** Takes our label, annotation and taint off all nodes, once nobody is left who would put them back. */
async function unmark(
  config: KubeConfig,
  { namespace, dryRun = false, patience }: LeaveOptions,
): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listNode();
  const marked = items.flatMap(({ metadata, spec }) => {
    const isMarked =
      metadata?.labels?.[HAZARD] !== undefined || spec?.taints?.some(({ key }) => key === HAZARD);
    return isMarked && metadata?.name !== undefined ? [metadata.name] : [];
  });
  if (marked.length === 0) return;
  if (dryRun) {
    console.log(`would stop deployment/${EXTENDER} and take our mark off ${marked.join(', ')}`);
    return;
  }
  await stopExtender(config, namespace, patience);
  const marker = nodeMarker(config);
  for (const name of marked) await marker.mark(name, undefined);
  console.log(`took our mark off ${marked.join(', ')}`);
}

async function stopExtender(
  config: KubeConfig,
  namespace: string,
  patienceSeconds: number,
): Promise<void> {
  const apps = config.makeApiClient(AppsV1Api);
  const at = { namespace, name: EXTENDER };
  const found = await unlessAbsent(() => apps.readNamespacedDeployment(at));
  if (found === undefined) return;
  await apps.patchNamespacedDeploymentScale(
    { ...at, body: { spec: { replicas: 0 } } },
    setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
  );
  const core = config.makeApiClient(CoreV1Api);
  const labelSelector = 'app.kubernetes.io/component=extender';
  const deadline = performance.now() + patienceSeconds * 1000;
  for (;;) {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector });
    if (items.length === 0) return;
    if (performance.now() >= deadline) {
      throw new Error(
        `deployment/${EXTENDER} still has ${items.length} pods, which would mark nodes again; see kubectl -n ${namespace} get pods, then call this again`,
      );
    }
    await sleep(LOOK_AGAIN_MS);
  }
}

function say(names: readonly string[], words: string, fix: string): void {
  for (const name of names) console.log(`${name} ${words}\n  -> ${fix}`);
}
