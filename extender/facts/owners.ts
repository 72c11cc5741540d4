import type { ObjectMeta } from '../../webhook/words/pod.ts';
import type { ApiKind } from './api-kind.ts';

/** What the object that owns a workload wants of it now. */
export interface OwnerFacts {
  /** `namespace/Kind/name`, as slots name it. */
  readonly workload: string;
  /** Why it wants none of its slots any more; absent while it wants some. */
  readonly isOver?: 'complete' | 'failed';
  /** It runs no pods now and may go on later, as a Job that Kueue has put back into its queue. */
  readonly isSuspended?: true;
  /** How many pods it wants at once; absent where that does not bound its slots. */
  readonly replicas?: number;
  /** Numbered slots that it wants: from this one, below that one. */
  readonly slots?: { readonly from: number; readonly below: number };
  /** Numbered slots that are done or have failed for good, from and to, in order. */
  readonly doneSlots?: readonly (readonly [number, number])[];
}

/** What Surefoot reads of an object that owns pods. */
export interface OwnerObject {
  readonly metadata?: ObjectMeta & { readonly uid?: string };
  readonly spec?: {
    readonly replicas?: number;
    readonly suspend?: boolean;
    readonly completions?: number;
    readonly parallelism?: number;
    readonly completionMode?: string;
    readonly ordinals?: { readonly start?: number };
  };
  readonly status?: {
    readonly completedIndexes?: string;
    readonly failedIndexes?: string;
    readonly updatedReplicas?: number;
    readonly terminalState?: string;
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
  };
}

export interface OwnerKind extends ApiKind {
  readonly kind: string;
  readonly read: (object: OwnerObject) => Omit<OwnerFacts, 'workload'>;
}

/** Kinds whose objects say which slots they still want; of others a home ends with its time. */
export const OWNER_KINDS: readonly OwnerKind[] = [
  { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', read: jobFacts },
  { group: 'apps', version: 'v1', plural: 'statefulsets', kind: 'StatefulSet', read: setFacts },
  {
    group: 'apps',
    version: 'v1',
    plural: 'deployments',
    kind: 'Deployment',
    read: deploymentFacts,
  },
  {
    group: 'jobset.x-k8s.io',
    version: 'v1alpha2',
    plural: 'jobsets',
    kind: 'JobSet',
    read: jobSetFacts,
  },
  {
    group: 'leaderworkerset.x-k8s.io',
    version: 'v1',
    plural: 'leaderworkersets',
    kind: 'LeaderWorkerSet',
    read: groupFacts,
  },
];

/** The facts of an owner, and who it is. */
export function ownerFacts(
  object: OwnerObject,
  { kind, read }: OwnerKind,
): OwnerFacts & { readonly uid: string } {
  const { namespace = '', name = '', uid = '' } = object.metadata ?? {};
  return {
    ...read(object),
    uid,
    workload: `${namespace}/${kind}/${name}`,
  };
}

function jobFacts(job: OwnerObject): Omit<OwnerFacts, 'workload'> {
  const { spec = {}, status = {} } = job;
  const { completions, parallelism = 1, completionMode } = spec;
  const isIndexed = completionMode === 'Indexed' && completions !== undefined;
  return {
    ...overBy(job, { Complete: 'complete', Failed: 'failed' }),
    ...(isIndexed ? { slots: { from: 0, below: completions } } : { replicas: parallelism }),
    doneSlots: intervalsOf(status.completedIndexes ?? '', status.failedIndexes ?? ''),
  };
}

function setFacts({ spec = {} }: OwnerObject): Omit<OwnerFacts, 'workload'> {
  const { replicas = 1, ordinals } = spec;
  const from = ordinals?.start ?? 0;
  return { replicas, slots: { from, below: from + replicas } };
}

/** While it rolls out, more pods than its replicas are there: a quarter more, as by default. */
function deploymentFacts({ spec = {}, status = {} }: OwnerObject): Omit<OwnerFacts, 'workload'> {
  const { replicas = 1 } = spec;
  const isRollingOut = (status.updatedReplicas ?? replicas) < replicas;
  return { replicas: isRollingOut ? replicas + Math.ceil(replicas / 4) : replicas };
}

function groupFacts({ spec = {} }: OwnerObject): Omit<OwnerFacts, 'workload'> {
  const { replicas = 1 } = spec;
  return { slots: { from: 0, below: replicas } };
}

function jobSetFacts(set: OwnerObject): Omit<OwnerFacts, 'workload'> {
  return overBy(set, { Completed: 'complete', Failed: 'failed' });
}

function overBy(
  { spec, status: { conditions = [] } = {} }: OwnerObject,
  types: Readonly<Record<string, 'complete' | 'failed'>>,
): Pick<OwnerFacts, 'isOver' | 'isSuspended'> {
  const over = conditions.find(({ type = '', status }) => status === 'True' && types[type]);
  const isOver = types[over?.type ?? ''];
  return {
    ...(isOver !== undefined && { isOver }),
    ...(spec?.suspend === true && { isSuspended: true }),
  };
}

/** Indexes as the Job controller writes them (`1,3-5,7`), in order. */
export function intervalsOf(...texts: readonly string[]): readonly (readonly [number, number])[] {
  return texts
    .flatMap((text) => text.split(','))
    .filter((interval) => /^\d+(-\d+)?$/.test(interval))
    .map((interval): readonly [number, number] => {
      const [from = 0, to = from] = interval.split('-').map(Number);
      return [from, to];
    })
    .sort(([a], [b]) => a - b);
}
