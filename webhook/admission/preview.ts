import { isRecord } from '../../certs/serving/json.ts';
import type { PatchOperation } from '../words/injection.ts';
import { JOB_INDEX } from '../words/keys.ts';
import type { Pod } from '../words/pod.ts';
import { DEFAULT_SCHEDULER } from '../words/pod-defaults.ts';
import type { DeviceProfile } from '../words/profile.ts';
import type { Reason } from '../words/reason.ts';
import { type Admission, decide, decideJob, injectionsInWords, pricesOf } from './decide.ts';
import { patchFor } from './patch.ts';
import { asObject } from './review.ts';

/** What the webhook would make of one object that a manifest leads to. */
export interface Preview {
  /** `Pod team-a/train`, `Pod of Deployment web`. */
  readonly title: string;
  /** As the API server would send it: completed with its defaults. */
  readonly before: object;
  readonly operations: readonly PatchOperation[];
  /** What is injected, by which profile; empty when nothing is. */
  readonly injected: readonly string[];
  readonly profile?: string;
  readonly declined: readonly Reason[];
  /** What it costs. */
  readonly prices: readonly string[];
}

/** An object of a manifest as it was written. */
type Manifest = Readonly<Record<string, unknown>>;

/** Where each kind keeps the template of its pods. */
const TEMPLATE_OWNERS: ReadonlySet<string> = new Set([
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'ReplicaSet',
  'ReplicationController',
]);

/**
 * What would become of everything that this object leads to: a pod itself, the pods of a workload, a
 * Job and its pods, the items of a list. It is taken for opted in, as its namespace's label decides
 * that. Nothing for kinds that lead to no pod.
 */
export function previewsOf(
  manifest: unknown,
  profiles: readonly DeviceProfile[],
): readonly Preview[] {
  if (!isRecord(manifest)) return [];
  const { kind, spec, items } = manifest;
  if (Array.isArray(items)) return items.flatMap((item) => previewsOf(item, profiles));
  if (kind === 'Pod') return [podPreview(titleOf(manifest), manifest, profiles)];
  if (kind === 'Job') return jobPreviews(titleOf(manifest), manifest, profiles);
  if (!isRecord(spec)) return [];
  if (kind === 'CronJob' && isRecord(spec.jobTemplate)) {
    return jobPreviews(`Job of ${titleOf(manifest)}`, spec.jobTemplate, profiles);
  }
  if (typeof kind === 'string' && TEMPLATE_OWNERS.has(kind) && isRecord(spec.template)) {
    return [podPreview(`Pod of ${titleOf(manifest)}`, spec.template, profiles, { kind })];
  }
  return [];
}

/**
 * Objects that may lead to pods in a way that is not read here, each by its title: custom resources, whose controllers
 * make pods by rules of their own, and what names no kind.
 */
export function unreadIn(manifest: unknown): readonly string[] {
  if (manifest == null || (Array.isArray(manifest) && manifest.length === 0)) return [];
  if (!isRecord(manifest)) return [`${JSON.stringify(manifest).slice(0, LONGEST_SHOWN)}`];
  const { kind, items, apiVersion = 'v1' } = manifest;
  if (Array.isArray(items)) return items.flatMap(unreadIn);
  const isRead = kind === 'Pod' || kind === 'Job' || kind === 'CronJob';
  const isKnown =
    isRead || TEMPLATE_OWNERS.has(String(kind)) || OF_KUBERNETES.test(`${apiVersion}`);
  return kind !== undefined && isKnown ? [] : [titleOf(manifest)];
}

/** API groups of Kubernetes itself. Of their kinds only those above lead to pods; `x-k8s.io` is for custom resources. */
const OF_KUBERNETES = /^(v1|(apps|batch|autoscaling|policy|extensions|([a-z.]+\.)?k8s\.io)\/.*)$/;
/** Enough to recognise a document. */
const LONGEST_SHOWN = 60;

function jobPreviews(
  title: string,
  manifest: Manifest,
  profiles: readonly DeviceProfile[],
): readonly Preview[] {
  const template = isRecord(manifest.spec) ? manifest.spec.template : undefined;
  const before = defaultedJob(manifest);
  const object = asObject('jobs.batch CREATE', before);
  const preview =
    object?.kind === 'Job'
      ? previewFrom(title, before, decideJob(object.job, profiles, 'act'))
      : unreadable(title, before);
  return isRecord(template)
    ? [preview, podPreview(`Pod of ${title}`, template, profiles, ownerOf(before))]
    : [preview];
}

function podPreview(
  title: string,
  manifest: Manifest,
  profiles: readonly DeviceProfile[],
  owner?: Owner,
): Preview {
  const before = defaultedPod(manifest);
  const object = asObject('pods CREATE', before);
  return object?.kind === 'Pod'
    ? previewFrom(title, before, decide(ownedBy(owner, object.pod), profiles, 'act', {}))
    : unreadable(title, before);
}

interface Owner {
  readonly kind: string;
  /** Whether its pods get an index. */
  readonly isIndexed?: boolean;
}

function ownerOf({ spec }: Manifest): Owner {
  return { kind: 'Job', isIndexed: isRecord(spec) && spec.completionMode === 'Indexed' };
}

/** The pod as its controller will create it, as far as the rules look at that. */
function ownedBy(owner: Owner | undefined, pod: Pod): Pod {
  if (owner === undefined) return pod;
  const { kind, isIndexed = false } = owner;
  const ownerReferences = [{ kind, name: 'preview', controller: true }];
  const { annotations } = pod.metadata;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      ownerReferences,
      ...(isIndexed && { annotations: { ...annotations, [JOB_INDEX]: '0' } }),
    },
  };
}

function previewFrom(
  title: string,
  before: Manifest,
  { profile, injections, declined: reasons, remarks, ...rest }: Admission,
): Preview {
  const declined = [...reasons, ...remarks];
  const metadata = isRecord(before.metadata) ? before.metadata : {};
  const operations = patchFor(
    { metadata },
    { ...rest, injections, declined: reasons, remarks, ...(profile && { profile }) },
  );
  if ('code' in operations) {
    return { title, before, operations: [], injected: [], declined: [operations], prices: [] };
  }
  return {
    title,
    before,
    operations,
    injected: injectionsInWords(injections),
    ...(profile !== undefined && { profile }),
    declined,
    prices: pricesOf(injections),
  };
}

function unreadable(title: string, before: Manifest): Preview {
  const words = 'it has not the shape of its kind; the API server would say more';
  const declined = [{ code: 'Unreadable' as const, words }];
  return { title, before, operations: [], injected: [], declined, prices: [] };
}

/** What the API server fills in, as far as the rules look at it. */
function defaultedPod(manifest: Manifest): Manifest {
  const { metadata, spec, ...rest } = manifest;
  const given = isRecord(spec) ? spec : {};
  const tolerations = Array.isArray(given.tolerations) ? given.tolerations : [];
  const missing = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'].filter(
    (key) => !tolerations.some((one) => isRecord(one) && (!one.key || one.key === key)),
  );
  return {
    ...rest,
    metadata: metadata ?? {},
    spec: {
      terminationGracePeriodSeconds: 30,
      restartPolicy: 'Always',
      schedulerName: DEFAULT_SCHEDULER,
      ...given,
      tolerations: [
        ...tolerations,
        ...missing.map((key) => ({
          key,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        })),
      ],
    },
  };
}

function defaultedJob(manifest: Manifest): Manifest {
  const { metadata, spec, ...rest } = manifest;
  const given = isRecord(spec) ? spec : {};
  return {
    ...rest,
    metadata: metadata ?? {},
    spec: {
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      podReplacementPolicy: given.podFailurePolicy == null ? 'TerminatingOrFailed' : 'Failed',
      ...given,
    },
  };
}

function titleOf({ kind, metadata }: Manifest): string {
  const { namespace, name, generateName } = isRecord(metadata) ? metadata : {};
  const shown = name ?? generateName ?? 'without a name';
  return `${kind ?? 'an object without a kind'} ${namespace === undefined ? '' : `${namespace}/`}${shown}`;
}
