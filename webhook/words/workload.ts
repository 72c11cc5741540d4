import { controllerOf } from './controller.ts';
import { groupSlotOf } from './group-slot.ts';
import { JOB_INDEX, SLOT } from './keys.ts';
import { LONGEST_NAME } from './longest-name.ts';
import type { OwnerReference, Pod } from './pod.ts';

/**
 * The slot in a workload that a pod fills. The next pod of the same slot is its successor, even
 * when its owner was deleted and created again: the key holds names, never a UID.
 */
export interface Slot {
  /** `namespace/Kind/name`, and for numbered slots `/index`. */
  readonly key: string;
  /** `namespace/Kind/name`: the workload that it is a slot of. */
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
  const { annotations = {}, namespace = '', name = '' } = pod.metadata;
  const named = slotNamedBy(annotations);
  const owner = workloadOwner(pod);
  if (owner === undefined) {
    const key = `${namespace}/Pod/${named ?? name}`;
    return { key, workload: key, interchangeable: false };
  }
  const group = groupSlotOf(pod, owner);
  const { kind, name: ownerName } = group ?? { kind: kindOf(owner), name: owner.name };
  const workload = `${namespace}/${kind}/${ownerName}`;
  const path = [workload, ...(group?.role ?? [])].join('/');
  const slot = named ?? (group === undefined ? numberOf(pod, owner) : group.slot);
  if (slot === undefined) return { key: path, workload, interchangeable: true };
  return {
    key: `${path}/${slot}`,
    workload,
    interchangeable: false,
    ...(named !== undefined && { isNamed: true }),
  };
}

/**
 * Whether a pod that is being created tells its slot: one without a controller that leaves its name to the API
 * server has none yet.
 */
export function tellsSlot(pod: Pod): boolean {
  const { namespace = '', name = '', annotations = {} } = pod.metadata;
  const own = workloadOwner(pod)?.name ?? slotNamedBy(annotations) ?? name;
  return namespace !== '' && own !== '';
}

/** The number that Kubernetes' own controllers give a pod; a StatefulSet's is in its name. */
function numberOf({ metadata }: Pod, { kind }: OwnerReference): string | undefined {
  const { annotations = {}, labels = {}, name } = metadata;
  const number = annotations[JOB_INDEX] ?? labels[JOB_INDEX];
  if (number !== undefined && number.length <= LONGEST_SLOT) return number;
  return kind === 'StatefulSet' ? name : undefined;
}

/** Kinds of Kubernetes whose names other groups use too, such as OpenKruise's StatefulSet. */
const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ['Job', 'batch'],
  ['StatefulSet', 'apps'],
  ['Deployment', 'apps'],
  ['ReplicaSet', 'apps'],
  ['DaemonSet', 'apps'],
]);

/**
 * The kind of a pod's owner as its key says it: with its group unless it is of Kubernetes itself. What a pod owns
 * (a driver its workers) is not the pod, which fills the slot `Pod/name` itself.
 */
function kindOf({ kind, apiVersion }: OwnerReference): string {
  const ownGroup = BUILT_IN.get(kind) ?? '';
  const group = apiVersion === undefined ? ownGroup : groupOf(apiVersion);
  if (group !== ownGroup) return `${kind}.${group}`;
  return kind === 'Pod' ? 'PodsOf' : kind;
}

/** `apps` of `apps/v1`; nothing of `v1`. */
function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** As long as a name in Kubernetes may be: what a tenant writes here is kept in every history. */
export const LONGEST_SLOT = LONGEST_NAME;

/** The API server does not bound what stands in an owner reference, and any tenant may write one. */
function isNamed({ kind = '', name = '', apiVersion = '' }: Partial<OwnerReference>): boolean {
  const isBounded = [kind, name, apiVersion].every(({ length }) => length <= LONGEST_SLOT);
  return isBounded && kind !== '' && name !== '';
}

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
  const owner = controllerOf(pod.metadata);
  if (owner === undefined || !isNamed(owner)) return undefined;
  const suffix = `-${pod.metadata.labels?.[TEMPLATE_HASH] ?? ''}`;
  return owner.kind === 'ReplicaSet' && suffix !== '-' && owner.name.endsWith(suffix)
    ? { kind: 'Deployment', name: owner.name.slice(0, -suffix.length) }
    : owner;
}
