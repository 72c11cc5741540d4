import { JOB_INDEX } from './keys.ts';
import { LONGEST_NAME } from './longest-name.ts';
import type { OwnerReference, Pod } from './pod.ts';

/** The slot of a pod in what a group controller runs, across the objects that it makes anew. */
export interface GroupSlot {
  readonly kind: string;
  readonly name: string;
  /** Which of its parts, where it has several. */
  readonly role: readonly string[];
  /** The number within the part; absent where pods carry none. */
  readonly slot?: string;
}

/** How a group controller marks its pods: by labels, or an annotation. */
interface GroupController {
  /** Whether the pod's own controller is one that this group controller makes, or is itself. */
  readonly owns: (owner: OwnerReference, labels: Readonly<Record<string, string>>) => boolean;
  readonly kind: (owner: OwnerReference, labels: Readonly<Record<string, string>>) => string;
  readonly name: (owner: OwnerReference, labels: Readonly<Record<string, string>>) => string;
  readonly role?: string;
  /** All of them number the slot together, outermost first. */
  readonly numbers: readonly string[];
  /** Pods without the innermost number are interchangeable among those that have the others. */
  readonly needsInnermost?: boolean;
}

const JOBSET = 'jobset.sigs.k8s.io/jobset-name';
const LWS = 'leaderworkerset.sigs.k8s.io/name';
const RAY_FROM_KIND = 'ray.io/originated-from-crd';
const RAY_FROM_NAME = 'ray.io/originated-from-cr-name';

/**
 * Sources: jobset `api/jobset/v1alpha2`, lws `api/leaderworkerset/v1`, training-operator
 * `pkg/apis/kubeflow.org/v1/common_types.go`, volcano `pkg/apis/batch/v1alpha1/labels.go`, KubeRay
 * `ray-operator/controllers/ray/utils/constant.go`. A TrainJob runs as a JobSet of its own name.
 */
const CONTROLLERS: readonly GroupController[] = [
  {
    owns: ({ kind, name }, { [JOBSET]: jobSet = '' }) =>
      kind === 'Job' && jobSet !== '' && name.startsWith(`${jobSet}-`),
    kind: () => 'JobSet',
    name: (_owner, labels) => labels[JOBSET] ?? '',
    role: 'jobset.sigs.k8s.io/replicatedjob-name',
    numbers: ['jobset.sigs.k8s.io/job-index', JOB_INDEX],
    needsInnermost: true,
  },
  {
    owns: ({ kind, name }, { [LWS]: set = '' }) =>
      kind === 'StatefulSet' && set !== '' && (name === set || name.startsWith(`${set}-`)),
    kind: () => 'LeaderWorkerSet',
    name: (_owner, labels) => labels[LWS] ?? '',
    numbers: [
      'leaderworkerset.sigs.k8s.io/group-index',
      'leaderworkerset.sigs.k8s.io/worker-index',
    ],
  },
  {
    owns: ({ apiVersion = '' }) => apiVersion.startsWith('kubeflow.org/'),
    kind: ({ kind }) => kind,
    name: ({ name }) => name,
    role: 'training.kubeflow.org/replica-type',
    numbers: ['training.kubeflow.org/replica-index'],
  },
  {
    owns: ({ apiVersion = '' }) => apiVersion.startsWith('batch.volcano.sh/'),
    kind: () => 'VolcanoJob',
    name: ({ name }) => name,
    role: 'volcano.sh/task-spec',
    numbers: ['volcano.sh/task-index'],
  },
  {
    // A RayJob that is tried again gets a new cluster of another name.
    owns: ({ kind }) => kind === 'RayCluster',
    kind: ({ kind }, labels) => (isMadeByRay(labels) ? (labels[RAY_FROM_KIND] ?? kind) : kind),
    name: ({ name }, labels) => (isMadeByRay(labels) ? (labels[RAY_FROM_NAME] ?? name) : name),
    role: 'ray.io/group',
    numbers: ['ray.io/worker-group-replica-index', 'ray.io/replica-host-index'],
  },
];

/** Whether labels name what a RayCluster was made from; an object of any other kind has a key of its own. */
function isMadeByRay(labels: Readonly<Record<string, string>>): boolean {
  const { [RAY_FROM_KIND]: kind = '', [RAY_FROM_NAME]: name = '' } = labels;
  return (kind === 'RayJob' || kind === 'RayService') && name !== '';
}

/** Argo names each try of a step: `train(0)` and `train(1)` fill the same slot. */
const ARGO_NODE = 'workflows.argoproj.io/node-name';

/** The slot that a group controller has given the pod; absent where none has. */
export function groupSlotOf(
  { metadata: { labels = {}, annotations = {} } }: Pod,
  owner: OwnerReference,
): GroupSlot | undefined {
  const node = annotations[ARGO_NODE];
  if (owner.kind === 'Workflow' && node !== undefined && node.length <= LONGEST_NAME) {
    const slot = node.replace(/\(\d+\)$/, '');
    return { kind: owner.kind, name: owner.name, role: [], slot };
  }
  const controller = CONTROLLERS.find(({ owns }) => owns(owner, labels));
  if (controller === undefined) return undefined;
  const role = controller.role === undefined ? undefined : labels[controller.role];
  const numbers = controller.numbers.map((key) => {
    const number = labels[key] ?? annotations[key];
    return number === undefined || number.length > LONGEST_NAME ? undefined : number;
  });
  const known = numbers.filter((number) => number !== undefined);
  const isWhole = controller.needsInnermost !== true || numbers.at(-1) !== undefined;
  const parts = role === undefined ? [] : [role];
  return {
    kind: controller.kind(owner, labels),
    name: controller.name(owner, labels),
    role: isWhole ? parts : [...parts, ...known],
    ...(isWhole && known.length > 0 && { slot: known.join('.') }),
  };
}
