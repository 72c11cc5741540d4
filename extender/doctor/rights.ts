import { parseAllDocuments } from 'yaml';
import { embeddedAsset } from '../../certs/serving/embedded-assets.ts';

/** One thing that an account of ours must be allowed. */
export interface NeededRight {
  readonly account: string;
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly name?: string;
  /** Whether it is for our namespace only. */
  readonly namespaced: boolean;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly Rule[];
}

/** What the manifests of this version give: what is not there has been taken away, or is of another version. */
export const NEEDED_RIGHTS: readonly NeededRight[] = ['extender', 'certs'].flatMap((component) =>
  parseAllDocuments(embeddedAsset(`manifests/base/${component}.yaml`))
    .map((document) => document.toJS() as Manifest)
    .flatMap(({ kind, metadata, rules = [] }) =>
      rules.flatMap((rule) => rightsIn(rule, metadata.name, kind === 'Role')),
    ),
);

function rightsIn(
  { apiGroups, resources, resourceNames, verbs }: Rule,
  account: string,
  namespaced: boolean,
): readonly NeededRight[] {
  return verbs.flatMap((verb) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((whole) => {
        const [resource = '', subresource] = whole.split('/');
        return (resourceNames ?? [undefined]).map((name) => ({
          account,
          verb,
          group,
          resource,
          ...(subresource !== undefined && { subresource }),
          ...(name !== undefined && { name }),
          namespaced,
        }));
      }),
    ),
  );
}
