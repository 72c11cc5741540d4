import { groupPlaceOf } from './group-place.ts';
import { JOB_INDEX, SLOT } from './keys.ts';
import type { OwnerReference, Pod } from './pod.ts';

/**
 * The place in a workload that a pod fills. The next pod of the same slot is its successor, even
 * when its owner was deleted and created again: the key holds names, never a UID.
 */
export interface Slot {
  /** `namespace/Kind/name`, and for numbered places `/index`. */
  readonly key: string;
  /** `namespace/Kind/name`: the workload that it is a place of. */
  readonly workload: string;
  /** True when the owner's pods carry no number, so that any of them may take any vacated home. */
  readonly interchangeable: boolean;
  /** True when its pod names it, so that a number in it is none of its owner's. */
  readonly isNamed?: boolean;
}

/** Set by the Deployment controller on its ReplicaSets and their pods. */
export const TEMPLATE_HASH = 'pod-template-hash';

/** The slot that this pod fills; a pod without a controller is its own slot, by name. */
export function slotOf(pod: Pod): Slot {
  const { annotations = {}, labels = {}, namespace = '', name = '' } = pod.metadata;
  const named = slotNamedBy(annotations);
  const owner = workloadOwner(pod);
  if (owner === undefined) {
    const key = `${namespace}/Pod/${named ?? name}`;
    return { key, workload: key, interchangeable: false };
  }
  const group = groupPlaceOf(pod, owner);
  if (group !== undefined) {
    const workload = `${namespace}/${group.kind}/${group.name}`;
    const place = named ?? group.place;
    return place === undefined
      ? { key: [workload, ...group.role].join('/'), workload, interchangeable: true }
      : {
          key: [workload, ...group.role, place].join('/'),
          workload,
          interchangeable: false,
          ...(named !== undefined && { isNamed: true }),
        };
  }
  const workload = `${namespace}/${kindOf(owner)}/${owner.name}`;
  const number =
    named ??
    annotations[JOB_INDEX] ??
    labels[JOB_INDEX] ??
    (owner.kind === 'StatefulSet' ? name : undefined);
  return number === undefined
    ? { key: workload, workload, interchangeable: true }
    : {
        key: `${workload}/${number}`,
        workload,
        interchangeable: false,
        ...(named !== undefined && { isNamed: true }),
      };
}

/** Kinds of Kubernetes whose names other groups use too, such as OpenKruise's StatefulSet. */
const BUILT_IN: Readonly<Record<string, string>> = {
  Job: 'batch',
  StatefulSet: 'apps',
  Deployment: 'apps',
  ReplicaSet: 'apps',
};

function kindOf({ kind, apiVersion }: OwnerReference): string {
  const [group = ''] = apiVersion?.split('/') ?? [BUILT_IN[kind]];
  const builtIn = BUILT_IN[kind];
  return builtIn === undefined || group === builtIn ? kind : `${kind}.${group}`;
}

/** As long as a name in Kubernetes may be: what a tenant writes here is kept in every history. */
export const LONGEST_SLOT = 253;

/** The slot that the pod's annotation names; one that is too long names none. */
function slotNamedBy(annotations: Readonly<Record<string, string>>): string | undefined {
  const named = annotations[SLOT];
  return named === undefined || named.length > LONGEST_SLOT ? undefined : named;
}

/**
 * The controller above this pod. A rollout gives a Deployment a new ReplicaSet but not new work,
 * so a ReplicaSet whose name ends in its template hash stands for its Deployment.
 */
function workloadOwner(pod: Pod): OwnerReference | undefined {
  const owner = pod.metadata.ownerReferences?.find((reference) => reference.controller === true);
  if (owner === undefined) return undefined;
  const suffix = `-${pod.metadata.labels?.[TEMPLATE_HASH] ?? ''}`;
  return owner.kind === 'ReplicaSet' && suffix !== '-' && owner.name.endsWith(suffix)
    ? { kind: 'Deployment', name: owner.name.slice(0, -suffix.length) }
    : owner;
}
