import type { V1Node } from '@kubernetes/client-node';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { NODES } from '../../../certs/cluster/collections.ts';
import { loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import type { PageOptions } from './extender-pages.ts';

/** Names of the nodes that have these labels; `undefined` where no selector is given. */
export async function selectedNodes(
  labelSelector: string | undefined,
  options: PageOptions,
): Promise<ReadonlySet<string> | undefined> {
  if (labelSelector === undefined) return undefined;
  if (options.page !== undefined) {
    throw new WrongCall(
      '--selector: the API server knows the labels, which --page has not; leave one of them out',
    );
  }
  const api = new ApiObjects<V1Node>(loadKubeConfig(options), NODES);
  const found = await api.list({ labelSelector });
  return new Set(found.map(({ metadata }) => metadata?.name ?? ''));
}
