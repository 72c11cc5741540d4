import type { ObjectMeta } from '../../webhook/words/pod.ts';
import type { Catalogue, CatalogueRow } from '../history/catalogue.ts';
import { type Finding, findingFrom } from '../history/finding.ts';
import { matches } from '../history/signs.ts';

/** An object of a remediator's own kind. */
export interface CustomObject {
  readonly metadata?: ObjectMeta;
  readonly [field: string]: unknown;
}

/** A kind of custom object that some row of the catalogue is about. */
export interface CustomKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** The kinds that the catalogue wants watched, each once. */
export function customKinds(catalogue: Catalogue): readonly CustomKind[] {
  const kinds = catalogue.of('custom-object').flatMap(({ object }) =>
    (object?.plurals ?? []).map((plural) => ({
      group: object?.group ?? '',
      version: object?.version ?? '',
      plural,
    })),
  );
  return [...new Map(kinds.map((kind) => [nameOf(kind), kind])).values()];
}

/** `rebootnodes.janitor.dgxc.nvidia.com`. */
export function nameOf({ plural, group }: CustomKind): string {
  return `${plural}.${group}`;
}

/** What one object says, and about which node. */
export interface CustomFacts {
  readonly node: string;
  readonly findings: readonly Finding[];
}

/** The facts of a custom object: one finding for each row that it matches, for as long as it is there. */
export function customFacts(
  object: CustomObject,
  kind: CustomKind,
  catalogue: Catalogue,
): CustomFacts {
  const about = catalogue.of('custom-object').filter((row) => isAbout(row, kind));
  const node = about.map((row) => textAt(object, row.object?.node)).find((name) => name) ?? '';
  return {
    node,
    findings: about
      .filter((row) => matches(row, { value: textAt(object, row.object?.path) }))
      .map((row) =>
        findingFrom(
          { row, worth: row.worth },
          { ordinal: `${kind.plural}/${object.metadata?.name ?? ''}` },
        ),
      ),
  };
}

function isAbout({ object }: CatalogueRow, { group, plural }: CustomKind): boolean {
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
