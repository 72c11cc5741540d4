import { INJECT } from '../../webhook/words/keys.ts';
import { type NamespaceOptIn, namespaceOptIn } from '../../webhook/words/opt-in.ts';
import type { ObjectMeta } from '../../webhook/words/pod.ts';

/** What Surefoot reads of a core/v1 Namespace. */
export interface Namespace {
  readonly metadata?: ObjectMeta;
}

export interface NamespaceFacts {
  readonly uid: string;
  readonly name: string;
  /** What its label says; any other value says nothing. */
  readonly optIn: NamespaceOptIn;
}

/** The facts of a Namespace. */
export function namespaceFacts({ metadata = {} }: Namespace): NamespaceFacts {
  return {
    uid: metadata.uid ?? '',
    name: metadata.name ?? '',
    optIn: namespaceOptIn(metadata.labels?.[INJECT]),
  };
}
