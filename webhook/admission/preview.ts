import { isRecord } from '../../certs/serving/json.ts';
import type { PatchOperation } from '../words/injection.ts';
import type { Job } from '../words/job.ts';
import { JOB_INDEX } from '../words/keys.ts';
import type { Mode } from '../words/mode.ts';
import { isOptedIn, type NamespaceOptIn, podOptIn } from '../words/opt-in.ts';
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
  /** Whether somebody asked for something by annotation and would not get it. */
  readonly isMistaken: boolean;
}

/** What a preview goes by. */
export interface PreviewInput {
  readonly profiles: readonly DeviceProfile[];
  /** What the label of the namespace says, for it is not in a manifest. */
  readonly namespaceLabel: NamespaceOptIn;
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
 * What would become of everything that this object leads to: a pod itself, the pods of a workload, a Job and its pods,
 * the items of a list. Nothing for kinds that lead to no pod.
 */
export function previewsOf(manifest: unknown, options: PreviewInput): readonly Preview[] {
  if (!isRecord(manifest)) return [];
  const { kind, spec, items } = manifest;
  if (Array.isArray(items)) return items.flatMap((item) => previewsOf(item, options));
  if (kind === 'Pod') return [podPreview(titleOf(manifest), manifest, options)];
  if (kind === 'Job') return jobPreviews(titleOf(manifest), manifest, options);
  if (!isRecord(spec)) return [];
  if (kind === 'CronJob' && isRecord(spec.jobTemplate)) {
    return jobPreviews(`Job of ${titleOf(manifest)}`, spec.jobTemplate, options);
  }
  if (typeof kind === 'string' && TEMPLATE_OWNERS.has(kind) && isRecord(spec.template)) {
    return [podPreview(`Pod of ${titleOf(manifest)}`, spec.template, options, { kind })];
  }
  if (typeof kind !== 'string' || isOfKubernetes(manifest)) return [];
  return podTemplatesIn(spec, 'spec').map(({ path, template }) =>
    podPreview(`Pod of ${titleOf(manifest)}, ${path}`, template, options, {
      kind: kind === 'JobSet' ? 'Job' : kind,
    }),
  );
}

interface FoundTemplate {
  /** Where it stands, such as `spec.workerGroupSpecs[0].template`. */
  readonly path: string;
  readonly template: Manifest;
}

/** Deeper than any custom resource seen has its pods. */
const DEEPEST = 12;
const MOST_TEMPLATES = 64;

/**
 * Templates of pods, by their shape: an object whose `spec` has a list of containers, and the spec of a pod without a
 * template around it. Every kind has them, wherever it keeps them.
 */
function podTemplatesIn(value: unknown, path: string, depth = 0): readonly FoundTemplate[] {
  if (depth > DEEPEST) return [];
  if (Array.isArray(value)) {
    return value
      .flatMap((item, at) => podTemplatesIn(item, `${path}[${at}]`, depth + 1))
      .slice(0, MOST_TEMPLATES);
  }
  if (!isRecord(value)) return [];
  if (hasContainers(value.spec)) return [{ path, template: value }];
  if (hasContainers(value)) return [{ path, template: { spec: value } }];
  return Object.entries(value)
    .flatMap(([key, item]) => podTemplatesIn(item, `${path}.${key}`, depth + 1))
    .slice(0, MOST_TEMPLATES);
}

function hasContainers(value: unknown): boolean {
  return isRecord(value) && Array.isArray(value.containers) && value.containers.some(isRecord);
}

/**
 * Objects that may lead to pods in a way that is not read here, each by its title: custom resources that show no template
 * of a pod, and what names no kind.
 */
export function unreadIn(manifest: unknown): readonly string[] {
  if (manifest == null || (Array.isArray(manifest) && manifest.length === 0)) return [];
  if (!isRecord(manifest)) return [`${JSON.stringify(manifest).slice(0, LONGEST_SHOWN)}`];
  const { kind, items, spec } = manifest;
  if (Array.isArray(items)) return items.flatMap(unreadIn);
  const isRead = kind === 'Pod' || kind === 'Job' || kind === 'CronJob';
  const isKnown = isRead || TEMPLATE_OWNERS.has(String(kind)) || isOfKubernetes(manifest);
  if (kind !== undefined && (isKnown || podTemplatesIn(spec, 'spec').length > 0)) return [];
  return [titleOf(manifest)];
}

function isOfKubernetes({ apiVersion = 'v1' }: Manifest): boolean {
  const [group = '', version] = `${apiVersion}`.split('/');
  return version === undefined ? group === 'v1' : OF_KUBERNETES.has(group);
}

/** API groups of Kubernetes itself: of their kinds only those above lead to pods. Others of k8s.io are custom resources. */
const OF_KUBERNETES: ReadonlySet<string> = new Set([
  ...['apps', 'batch', 'autoscaling', 'policy', 'extensions'],
  ...[
    ...['admissionregistration', 'apiextensions', 'apiregistration', 'authentication'],
    ...['authorization', 'certificates', 'coordination', 'discovery', 'events'],
    ...['flowcontrol.apiserver', 'gateway.networking', 'internal.apiserver', 'networking'],
    ...['node', 'rbac.authorization', 'resource', 'scheduling', 'snapshot.storage', 'storage'],
    'storagemigration',
  ].map((name) => `${name}.k8s.io`),
]);
/** Enough to recognise a document. */
const LONGEST_SHOWN = 60;

function jobPreviews(title: string, manifest: Manifest, options: PreviewInput): readonly Preview[] {
  const template = isRecord(manifest.spec) ? manifest.spec.template : undefined;
  const before = defaultedJob(manifest);
  const object = asObject('jobs.batch CREATE', before);
  const preview =
    object?.kind === 'Job'
      ? previewFrom(title, before, jobAdmission(object.job, options))
      : unreadable(title, before);
  return isRecord(template)
    ? [preview, podPreview(`Pod of ${title}`, template, options, ownerOf(before))]
    : [preview];
}

function podPreview(
  title: string,
  manifest: Manifest,
  options: PreviewInput,
  owner?: Owner,
): Preview {
  const before = defaultedPod(manifest);
  const object = asObject('pods CREATE', before);
  return object?.kind === 'Pod'
    ? previewFrom(title, before, podAdmission(ownedBy(owner, object.pod), options))
    : unreadable(title, before);
}

function podAdmission(pod: Pod, { profiles, namespaceLabel }: PreviewInput): Admission {
  const own = podOptIn(pod);
  return own === 'out' || isOptedIn(own, namespaceLabel)
    ? decide(pod, profiles, modeUnder(namespaceLabel), {})
    : NOT_OPTED_IN;
}

/** A Job is asked about where its namespace has opted in, or its own annotation or that of its pods. */
function jobAdmission(job: Job, { profiles, namespaceLabel }: PreviewInput): Admission {
  const metas = [job.metadata, job.spec.template.metadata ?? {}];
  const own = metas.map((metadata) => podOptIn({ metadata, spec: job.spec.template.spec }));
  const isOut = own.includes('out');
  return isOut || own.some((one) => isOptedIn(one, namespaceLabel))
    ? decideJob(job, profiles, modeUnder(namespaceLabel))
    : NOT_OPTED_IN;
}

function modeUnder(namespaceLabel: NamespaceOptIn): Mode {
  return namespaceLabel === 'observe' ? 'observe' : 'act';
}

const NOT_OPTED_IN: Admission = {
  injections: [],
  marks: 'none',
  declined: [
    {
      code: 'OptedOut',
      words:
        'neither its annotation surefoot.dev/profile nor the label of its namespace has opted in',
    },
  ],
  worthAWarning: false,
  remarks: [],
};

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
    const declined = [operations];
    return { title, before, operations: [], injected: [], declined, prices: [], isMistaken: true };
  }
  return {
    title,
    before,
    operations,
    injected: injectionsInWords(injections),
    ...(profile !== undefined && { profile }),
    declined,
    prices: pricesOf(injections),
    isMistaken: rest.worthAWarning,
  };
}

function unreadable(title: string, before: Manifest): Preview {
  const words = 'it has not the shape of its kind; the API server would say more';
  const declined = [{ code: 'Unreadable' as const, words }];
  return { title, before, operations: [], injected: [], declined, prices: [], isMistaken: false };
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
