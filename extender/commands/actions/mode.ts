import { createInterface } from 'node:readline/promises';
import type { KubeConfig, V1Namespace } from '@kubernetes/client-node';
import { isScalar, parseDocument } from 'yaml';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { NAMESPACES } from '../../../certs/cluster/collections.ts';
import { configMaps } from '../../../certs/cluster/config-maps.ts';
import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { INJECT } from '../../../webhook/words/keys.ts';
import type { Mode } from '../../../webhook/words/mode.ts';
import { installedConfiguration } from '../../doctor/installed-configuration.ts';
import { print } from '../terminal/print.ts';
import { SYSTEM_NAMESPACE } from './extender-pages.ts';

export interface ModeOptions extends ApiOptions {
  readonly systemNamespace?: string;
  readonly yes?: boolean;
}

const FILE = 'surefoot.yaml';

/** Shows the mode of an installation, or changes it after the caller has agreed. */
export async function mode(wanted: Mode | undefined, options: ModeOptions): Promise<void> {
  const { systemNamespace = SYSTEM_NAMESPACE, yes = false } = options;
  const config = loadKubeConfig(options);
  const installed = await installedConfiguration(config, systemNamespace);
  if (installed === undefined) {
    throw new Error(
      `there is no ConfigMap surefoot in ${systemNamespace}; say where Surefoot is with --system-namespace, or apply the manifests: kubectl apply --server-side -k manifests/default`,
    );
  }
  const { mode: now, problems } = installed;
  if (now === undefined) {
    throw new Error(
      `the mode cannot be read: ${problems.join('; ')}; mend it: kubectl -n ${systemNamespace} edit configmap surefoot`,
    );
  }
  if (wanted === undefined || wanted === now) {
    print(`mode ${now}: ${MEANS[now]}`);
    return;
  }
  print(await outlook(config, wanted));
  if (!yes && !(await agrees(wanted))) {
    print(`mode ${now} stays`);
    return;
  }
  await write(config, systemNamespace, wanted);
  print(
    `mode ${wanted} is written; it is in force once the kubelets have mounted it, within a minute: surefoot status shows it. The next helm upgrade, kubectl apply or sync brings back what it says itself: say mode=${wanted} there, too`,
  );
}

const MEANS: Readonly<Record<Mode, string>> = {
  observe: 'everything is decided and recorded, and nothing is changed',
  act: 'pods are prepared when they are created, and the scheduler is told what each node costs',
};

/** What will happen, before it does. */
async function outlook(config: KubeConfig, wanted: Mode): Promise<string> {
  if (wanted === 'observe') {
    return 'From then on no pod is changed, no scheduler is told anything, and pods that wait for their own node are let go. Pods that run stay as they are.';
  }
  const namespaces = await new ApiObjects<V1Namespace>(config, NAMESPACES).list({
    labelSelector: `${INJECT}=enabled`,
  });
  const names = namespaces.map(({ metadata }) => metadata?.name ?? '');
  const whose =
    names.length === 0
      ? 'No namespace has opted in yet, so only pods with the annotation surefoot.dev/profile are prepared'
      : `Device pods of ${names.join(', ')}, and pods with the annotation surefoot.dev/profile, are prepared`;
  return `${whose} from their creation on, and their scheduler is told what each node costs. Pods that run stay as they are. surefoot preview -f FILE shows what a pod gets.`;
}

async function agrees(wanted: Mode): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new WrongCall('nobody is there to agree; add --yes where that is meant');
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`Type ${wanted} to go on: `)).trim() === wanted;
  } finally {
    lines.close();
  }
}

/** Changes the one word and leaves comments and all else as they are. */
async function write(config: KubeConfig, namespace: string, wanted: Mode): Promise<void> {
  const api = configMaps(config, namespace);
  const { metadata, data } = await api.get('surefoot');
  const text = data?.[FILE] ?? '';
  const word = parseDocument(text).get('mode', true);
  const [from, to] = isScalar(word) ? (word.range ?? []) : [];
  if (from === undefined || to === undefined) {
    throw new Error(
      `${FILE} of the ConfigMap surefoot in ${namespace} has no line mode: ...; add it: kubectl -n ${namespace} edit configmap surefoot`,
    );
  }
  await api.mergePatch('surefoot', {
    metadata: { resourceVersion: metadata?.resourceVersion },
    data: { [FILE]: text.slice(0, from) + wanted + text.slice(to) },
  });
}
