/** A kind of objects, as the paths of the API name it. */
export interface ApiKind {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

/** `rebootnodes.janitor.dgxc.nvidia.com`. */
export function nameOf({ plural, group }: Pick<ApiKind, 'plural' | 'group'>): string {
  return `${plural}.${group}`;
}
