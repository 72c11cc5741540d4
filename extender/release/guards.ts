import { controllerOf } from '../../webhook/words/controller.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { HOLD, RELEASE } from '../../webhook/words/keys.ts';
import type { ObjectMeta, Pod } from '../../webhook/words/pod.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';
import type { PodFacts } from '../facts/facts.ts';
import { keptName, overBudget, type Release } from './releases.ts';
import type { ReleaseSettings } from './settings.ts';

/** What of a Job decides whether an eviction burns one of its retries. */
export interface JobFacts {
  readonly spec?: {
    readonly backoffLimit?: number;
    readonly backoffLimitPerIndex?: number;
    readonly podFailurePolicy?: {
      readonly rules?: readonly {
        readonly action?: string;
        readonly onPodConditions?: readonly { readonly type?: string }[];
        readonly onExitCodes?: object;
      }[];
    };
  };
  readonly status?: { readonly failed?: number };
}

/** A pod that would be better off elsewhere, with all that the guards look at, read a moment ago. */
export interface Case {
  readonly kind: Release['kind'];
  /** Whether what was found still stands by the pod itself, read a moment ago. */
  readonly isStill: boolean;
  /** Whether its kubelet calls the device unhealthy. */
  readonly isUnhealthy: boolean;
  readonly facts: PodFacts;
  readonly pod: Pod;
  readonly node?: ObjectMeta;
  readonly namespace?: ObjectMeta;
  /** Whether all other pods that are known of its workload run. */
  readonly othersRun: boolean;
  /** Absent where its owner is no Job, or is gone. */
  readonly job?: JobFacts;
  readonly profile?: DeviceProfile;
  /** The best other node that would take it now, and what it saves; absent where there is none, or none can be told. */
  readonly better?: { readonly node: string; readonly gainSeconds: number };
  /** Why nobody can tell which nodes would take it, or what they would cost it. */
  readonly untold?: string;
  /** What would be done with it. */
  readonly how: Release['how'];
  readonly releases: readonly Release[];
  readonly settings: ReleaseSettings;
  readonly nowSeconds: number;
}

/** What speaks against a release, in words; `undefined` where nothing does. */
type Guard = (of: Case) => string | undefined;

/** In this order; the first that speaks is told. Each is a predicate without effects. */
export const GUARDS: Readonly<Record<string, Guard>> = {
  changed: ({ facts, pod, isStill }) => {
    if (pod.metadata.uid !== facts.uid) return 'another pod has its name';
    const { phase, conditions = [] } = pod.status ?? {};
    const isOver = phase === 'Succeeded' || phase === 'Failed';
    const isDisrupted = conditions.some(
      ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
    );
    if (isOver || isDisrupted || pod.metadata.deletionTimestamp !== undefined) {
      return 'it is ending already';
    }
    if (pod.spec.nodeName !== facts.node) return 'it is not on that node';
    return isStill ? undefined : 'what was found does not stand any more';
  },
  profile: ({ profile, kind }) => {
    if (profile === undefined) return 'no profile applies to it';
    const { release, name } = profile;
    return release === 'both' || release === kind
      ? undefined
      : `profile ${name} has release: ${release}`;
  },
  optedOut: ({ pod }) =>
    pod.metadata.annotations?.[RELEASE] === 'false'
      ? `its annotation ${RELEASE} is "false"`
      : undefined,
  deviceMatters: ({ kind, facts, isUnhealthy }) => {
    const { deviceMatters = 'required' } = facts.expectations ?? {};
    if (kind !== 'brokenDevice' || deviceMatters === 'required') return undefined;
    if (deviceMatters === 'optional')
      return 'it does without its device (device-matters: optional)';
    return isUnhealthy
      ? undefined
      : 'it works on with a degraded device, and its kubelet calls none unhealthy (device-matters: degraded-ok)';
  },
  hold: ({ pod, node, namespace }) => {
    const held = Object.entries({
      'the pod': pod.metadata,
      'its node': node,
      'its namespace': namespace,
    });
    const [who] = held.find(([, meta]) => meta?.annotations?.[HOLD] !== undefined) ?? [];
    return who === undefined ? undefined : `the annotation ${HOLD} is on ${who}`;
  },
  owner: ({ pod, facts, settings }) => {
    if (pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
      return 'it is a mirror pod: only its kubelet can end it';
    }
    const owner = controllerOf(pod.metadata);
    if (owner === undefined) return 'nobody would make it anew: it has no controller';
    const kind = facts.slot.workload.split('/')[1] ?? '';
    if (isOneOf(kind, settings.kinds)) return undefined;
    return kind === 'DaemonSet'
      ? 'a DaemonSet would put it on the same node again'
      : `release.yaml does not list ${kind}, which may restart all of its pods for one`;
  },
  group: ({ pod }) => {
    if (pod.spec.schedulingGroup !== undefined)
      return 'it is one of a PodGroup, which is placed together';
    const label = GROUPS.find((one) => pod.metadata.labels?.[one] !== undefined);
    return label === undefined
      ? undefined
      : `it is one of a group (${label}), whose controller restarts all of it`;
  },
  order: ({ facts, othersRun }) =>
    facts.slot.workload.split('/')[1] === 'StatefulSet' && !othersRun
      ? 'another pod of its StatefulSet does not run, and it may not be made anew before that does'
      : undefined,
  retries: ({ job }) => {
    if (job === undefined) return undefined;
    const first = firstRuleFor(job);
    if (first === 'Ignore') return undefined;
    if (first === 'FailJob') return 'the failure policy of its Job may end all of the Job for it';
    const { backoffLimit = 6, backoffLimitPerIndex } = job.spec ?? {};
    if (backoffLimitPerIndex !== undefined) {
      return 'its Job counts failures by index, and would count this one; let it ignore disruptions';
    }
    const left = backoffLimit - (job.status?.failed ?? 0);
    return left > 0 ? undefined : 'its Job has no retry left, and does not ignore disruptions';
  },
  better: ({ better, untold, settings }) => {
    const { minimumGainSeconds } = settings;
    if (untold !== undefined)
      return `nobody can tell whether another node would take it: ${untold}`;
    if (better === undefined) return 'no other node would take it now';
    const { node, gainSeconds } = better;
    return gainSeconds >= minimumGainSeconds
      ? undefined
      : `the best other node, ${node}, saves ${spanInWords(gainSeconds)}; minimumGain is ${spanInWords(minimumGainSeconds)}`;
  },
  budget: ({ facts, how, releases, settings, nowSeconds }) =>
    overBudget(
      {
        how,
        uid: facts.uid,
        namespace: facts.namespace,
        slot: keptName(facts.slot.key),
        owner: keptName(facts.slot.workload),
        node: facts.node ?? '',
      },
      releases,
      settings,
      nowSeconds,
    ),
};

/** Set by controllers that restart a group as a whole, or place it together. */
const GROUPS = [
  'jobset.sigs.k8s.io/jobset-name',
  'leaderworkerset.sigs.k8s.io/name',
  'ray.io/cluster',
  'training.kubeflow.org/job-name',
  'trainer.kubeflow.org/trainjob-ancestor-step',
  'volcano.sh/job-name',
  'scheduling.x-k8s.io/pod-group',
];

function isOneOf(kind: string, kinds: readonly string[]): boolean {
  return kinds.includes(kind);
}

/**
 * What the failure policy of a Job does with an evicted pod: the first rule that may match counts, and how its containers
 * exit nobody knows before.
 */
function firstRuleFor({ spec }: JobFacts): string | undefined {
  for (const { action, onPodConditions = [], onExitCodes } of spec?.podFailurePolicy?.rules ?? []) {
    if (onPodConditions.some(({ type }) => type === 'DisruptionTarget')) return action;
    if (onExitCodes !== undefined && (action === 'FailJob' || action === 'FailIndex')) {
      return 'FailJob';
    }
  }
  return undefined;
}

/** Guards that need nothing but the pod: they are asked before anything else is read. */
export const OF_THE_POD: readonly string[] = [
  ...['changed', 'profile', 'optedOut', 'deviceMatters', 'owner', 'group', 'order', 'budget'],
];

/** The first guard that speaks against it, by name and in words; `undefined` where none does. */
export function refusalOf(
  of: Case,
  names: readonly string[] = Object.keys(GUARDS),
): { readonly guard: string; readonly words: string } | undefined {
  for (const guard of names) {
    const speaks = GUARDS[guard] as Guard;
    const words = speaks(of);
    if (words !== undefined) return { guard, words };
  }
  return undefined;
}
