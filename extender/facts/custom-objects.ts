import { LONGEST_NAME } from '../../webhook/words/longest-name.ts';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import type { Catalogue, CatalogueRow } from '../signals/catalogue.ts';
import { type Finding, findingFrom } from '../signals/finding.ts';
import { momentOf } from '../signals/signal.ts';
import { matches } from '../signals/signs.ts';
import { type ApiKind, nameOf } from './api-kind.ts';
import type { EventFacts } from './events.ts';
import { secondsOf } from './timestamp.ts';

/** An object of a remediator's own kind. */
export interface CustomObject {
  readonly metadata?: ObjectMeta;
  readonly [field: string]: unknown;
}

/** The kinds that the catalogue wants watched, each once. */
export function customKinds(catalogue: Catalogue): readonly ApiKind[] {
  const kinds = catalogue.of('custom-object').flatMap(({ object }) =>
    (object?.plurals ?? []).map((plural) => ({
      group: object?.group ?? '',
      version: object?.version ?? '',
      plural,
    })),
  );
  return [...new Map(kinds.map((kind) => [nameOf(kind), kind])).values()];
}

/** What one object says, and about which node. */
export interface CustomFacts {
  readonly node: string;
  readonly findings: readonly Finding[];
  /** The same of an object in a namespace that is not trusted: any tenant may have written it. */
  readonly heard: EventFacts;
}

/** The facts of a custom object: one finding for each row that it matches, for as long as it is there. */
export function customFacts(
  object: CustomObject,
  kind: ApiKind,
  catalogue: Catalogue,
): CustomFacts {
  const about = catalogue.of('custom-object').filter((row) => isAbout(row, kind));
  const named = about.map((row) => textAt(object, row.object?.node)).find((name) => name) ?? '';
  const node = named.length > LONGEST_NAME ? '' : named;
  const { name = '', namespace = '', creationTimestamp } = object.metadata ?? {};
  const findings = about
    .filter((row) => matches(row, { value: textAt(object, row.object?.path) }))
    .map((row) => findingFrom({ row, worth: row.worth }, { ordinal: `${kind.plural}/${name}` }));
  if (catalogue.trusts(namespace)) {
    return { node, findings, heard: { node, namespace, signals: [] } };
  }
  const atSeconds = secondsOf(creationTimestamp) ?? 0;
  const signals = findings.map((finding) => ({
    ...momentOf(finding, atSeconds),
    trust: 'forgeable' as const,
    namespace,
  }));
  const unmapped = `object ${nameOf(kind)} in namespace ${namespace}, which catalogue.trustedNamespaces does not name`;
  return { node, findings: [], heard: { node, namespace, signals, unmapped } };
}

function isAbout({ object }: CatalogueRow, { group, plural }: ApiKind): boolean {
  return object?.group === group && object.plurals.includes(plural);
}

/** Text at a path such as `spec.nodeName`; `undefined` where there is none. */
function textAt(object: CustomObject, path: string | undefined): string | undefined {
  let value: unknown = path === undefined ? undefined : object;
  for (const step of path?.split('.') ?? []) {
    value = typeof value === 'object' && value !== null ? (value as CustomObject)[step] : undefined;
  }
  return typeof value === 'string' ? value : undefined;
}
