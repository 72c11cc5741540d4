import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { PODS } from '../../certs/cluster/collections.ts';
import type { Pod } from '../../webhook/words/pod.ts';

const LABELS = 'app.kubernetes.io/name=surefoot,app.kubernetes.io/component=extender';

/** The pods of the extender in a namespace, whatever has become of them. */
export function extenderPods(config: KubeConfig, namespace: string): Promise<readonly Pod[]> {
  return new ApiObjects<Pod>(config, { ...PODS, namespace }).list({ labelSelector: LABELS });
}

/** Names of those that run, those that are ready first: a pod of a node that is lost is said to run for minutes. */
export async function runningExtenders(
  config: KubeConfig,
  namespace: string,
): Promise<readonly string[]> {
  return (await extenderPods(config, namespace))
    .filter(({ status }) => status?.phase === 'Running')
    .sort((a, b) => Number(isReady(b)) - Number(isReady(a)))
    .map(({ metadata }) => metadata.name ?? '');
}

function isReady({ status }: Pod): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}
