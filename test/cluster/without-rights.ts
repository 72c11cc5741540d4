import { type KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';

/** What of a ClusterRole, or of a Role where it says a namespace, is taken away. */
export interface Taken {
  readonly role: string;
  readonly namespace?: string;
  /** The resource whose rules go; default: all rules. */
  readonly resource?: string;
}

/** Does `work` while a role of ours lacks rights, as after an edit by hand, and gives them back. */
export async function withoutRights<T>(
  config: KubeConfig,
  { role: name, namespace, resource }: Taken,
  work: () => Promise<T>,
): Promise<T> {
  const api = config.makeApiClient(RbacAuthorizationV1Api);
  const role =
    namespace === undefined
      ? await api.readClusterRole({ name })
      : await api.readNamespacedRole({ name, namespace });
  const replace = (rules: typeof role.rules) => {
    const body = { ...role, metadata: { name }, rules: rules ?? [] };
    return namespace === undefined
      ? api.replaceClusterRole({ name, body })
      : api.replaceNamespacedRole({ name, namespace, body });
  };
  const stays = ({ resources = [] }: { resources?: string[] }) =>
    resource !== undefined && !resources.includes(resource);
  await replace(role.rules?.filter(stays));
  try {
    return await work();
  } finally {
    await replace(role.rules);
  }
}
