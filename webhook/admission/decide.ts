import { failurePolicy } from '../rules/failure-policy.ts';
import { grace } from '../rules/grace.ts';
import { homeGate } from '../rules/home-gate.ts';
import { nodeLoss } from '../rules/node-loss.ts';
import { nodePreferences } from '../rules/node-preferences.ts';
import { restartRules } from '../rules/restart-rules.ts';
import { schedulerName } from '../rules/scheduler-name.ts';
import { tolerations } from '../rules/tolerations.ts';
import { asksForDevices, type DevicesAsked, devicesAsked } from '../words/device.ts';
import { expectationsOf } from '../words/expectations.ts';
import { declining, type Injection, NOTHING, type Ruling } from '../words/injection.ts';
import type { Job } from '../words/job.ts';
import { INJECT, INJECTED, MANAGED, PROFILE } from '../words/keys.ts';
import type { Mode } from '../words/mode.ts';
import type { ObjectMeta, Pod } from '../words/pod.ts';
import { type DeviceProfile, devicePatterns, profileOf } from '../words/profile.ts';
import type { Reason } from '../words/reason.ts';
import { unknownAnnotations } from '../words/unknown-annotations.ts';

/** What to do with one object, and why. Nothing to do means: leave it exactly as it is. */
export interface Admission {
  /** The device profile that applies, by name. */
  readonly profile?: string;
  readonly injections: readonly Injection[];
  /** What the object is to carry of ours, whether or not anything is injected. */
  readonly marks: Marks;
  /** What was left alone, and why. */
  readonly declined: readonly Reason[];
  /** True when the user asked for something by annotation and did not get it: worth a warning. */
  readonly worthAWarning: boolean;
  /** Annotations of ours that are not taken as they stand, and why: worth a warning each. */
  readonly remarks: readonly Reason[];
}

type Decision = Omit<Admission, 'remarks'>;

/**
 * Pods carry a label, by which the extender knows them, and an annotation that explains. Jobs carry
 * the annotation only: a Job without labels is shown with those of its template (SetDefaults_Job),
 * and a label of ours would take them away (seen on 1.37.2).
 */
export type Marks = 'label and annotation' | 'annotation' | 'none';
const ON_PODS: Marks = 'label and annotation';

/** Written by the kubelet on the API's copy of a static pod; changes to it reach no kubelet. */
const MIRROR = 'kubernetes.io/config.mirror';

/** What a decision depends on beside the pod and its profile. */
export interface Circumstances {
  /** Another admission plugin says which tolerations a pod of this namespace may have. */
  readonly tolerationsRestricted?: boolean;
  /** Why nobody is known who can lift a scheduling gate of ours; `undefined` while somebody is. */
  readonly cannotLift?: string | undefined;
}

type Rule = (pod: Pod, profile: DeviceProfile, circumstances: Circumstances) => Ruling;

/** Each gives or declines one thing; in the order in which the `injected` annotation tells them. */
const POD_RULES: readonly Rule[] = [
  (pod, profile, { tolerationsRestricted = false }) =>
    tolerationsRestricted ? withheld(tolerations(pod, profile)) : tolerations(pod, profile),
  grace,
  nodeLoss,
  schedulerName,
  nodePreferences,
  restartRules,
  (pod, profile, { cannotLift }) => homeGate(pod, profile, cannotLift),
];

/** Where nobody lifts gates. */
const NOBODY_LIFTS: Circumstances = { cannotLift: 'nobody was asked who lifts scheduling gates' };

/**
 * Decides for a pod that its namespace's label, or its own annotation, has opted in. A pure
 * function of the pod and the configuration, and a fixed point: a prepared pod gets nothing more.
 */
export function decide(
  pod: Pod,
  profiles: readonly DeviceProfile[],
  mode: Mode,
  circumstances: Circumstances = NOBODY_LIFTS,
): Admission {
  const unknown = unknownAnnotations(pod.metadata);
  const found = profileFor(pod, profiles);
  if ('injections' in found) return { ...found, remarks: unknown };
  const rulings = POD_RULES.map((rule) => rule(pod, found, circumstances));
  const { labels, annotations } = pod.metadata;
  const isMarked = labels?.[MANAGED] === 'true' && Object.hasOwn(annotations ?? {}, INJECTED);
  const marks = { full: ON_PODS, missing: isMarked ? ('none' as const) : ON_PODS };
  const remarks = [...unknown, ...expectationsOf(pod, found).remarks];
  return { ...carriedOut(found, rulings, marks, mode), remarks };
}

/**
 * The same for a Job that is created. Its template is never touched: what its pods need, each of them
 * gets when it is created itself.
 */
export function decideJob(job: Job, profiles: readonly DeviceProfile[], mode: Mode): Admission {
  const pod = templatePod(job);
  const unknown = [job.metadata, pod.metadata].flatMap(unknownAnnotations);
  const found = profileFor(pod, profiles);
  if ('injections' in found) return { ...found, remarks: unknown };
  const ruling = failurePolicy(job, found);
  const remarks = [...unknown, ...expectationsOf(pod, found).remarks];
  return {
    ...carriedOut(found, [ruling], { full: 'annotation', missing: 'none' }, mode),
    remarks,
  };
}

/** Each injection in a few words, as the `injected` annotation and the audit log carry them. */
export function injectionsInWords(injections: readonly Injection[]): readonly string[] {
  return injections.map(({ words }) => words);
}

/** What they cost, for their user to know. */
export function pricesOf(injections: readonly Injection[]): readonly string[] {
  return injections.flatMap(({ price }) => price ?? []);
}

/** The pod that a Job's template describes; what the Job says of itself holds for it too. */
function templatePod({ metadata, spec: { template } }: Job): Pod {
  const own: ObjectMeta = template.metadata ?? {};
  const said = [PROFILE, INJECT].flatMap((key) => {
    const value = metadata.annotations?.[key];
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    metadata: { ...own, annotations: { ...Object.fromEntries(said), ...own.annotations } },
    spec: template.spec,
  };
}

/** The profile that applies to the pod, or the admission that leaves it alone. */
function profileFor(pod: Pod, profiles: readonly DeviceProfile[]): DeviceProfile | Decision {
  const annotations = pod.metadata.annotations ?? {};
  const named = annotations[PROFILE];
  if (annotations[INJECT] === 'false') {
    return declined(false, 'OptedOut', `the pod's annotation ${INJECT} is "false"`);
  }
  if (Object.hasOwn(annotations, MIRROR)) {
    return declined(false, 'MirrorPod', 'a static pod is changed in its file, not in the API');
  }
  const asked = devicesAsked(pod, devicePatterns(profiles));
  if (!asksForDevices(asked)) {
    return declined(
      named !== undefined,
      'NoDevice',
      'the pod asks for no device that profiles.yaml lists, and has no resource claim',
    );
  }
  const profile = profileOf(pod, profiles, asked);
  if (profile !== undefined) return profile;
  const devices = devicesInWords(asked);
  if (named === undefined) {
    return declined(false, 'NoProfileForDevice', `no profile applies to ${devices}`);
  }
  return profiles.some(({ name }) => name === named)
    ? declined(true, 'NoProfileForDevice', `profile ${named} does not apply to ${devices}`)
    : declined(true, 'UnknownProfile', unknownProfile(named, profiles));
}

/** `full`: the marks that go with an injection; `missing`: those to write though nothing is injected. */
function carriedOut(
  { name }: DeviceProfile,
  rulings: readonly Ruling[],
  { full, missing }: { readonly full: Marks; readonly missing: Marks },
  mode: Mode,
): Decision {
  const injections = rulings.flatMap((ruling) => ruling.injections);
  const reasons = rulings.flatMap((ruling) => ruling.declined);
  const marks = injections.length > 0 ? full : missing;
  if (mode === 'observe' && marks !== 'none') {
    const would = injectionsInWords(injections).join('; ') || 'only mark the pod';
    const words = `observing; would have injected: ${would}`;
    return {
      profile: name,
      injections: [],
      marks: 'none',
      declined: [...reasons, { code: 'ObserveOnly', words }],
      worthAWarning: false,
    };
  }
  if (marks === 'none' && reasons.length === 0) {
    reasons.push({ code: 'AlreadyPrepared', words: 'nothing is missing' });
  }
  return { profile: name, injections, marks, declined: reasons, worthAWarning: false };
}

/** What another admission plugin would refuse the whole pod for. */
function withheld({ injections }: Ruling): Ruling {
  if (injections.length === 0) return NOTHING;
  const words = injectionsInWords(injections).join('; ');
  return declining(
    'TolerationsRestricted',
    `webhook.yaml says that tolerations are restricted in this namespace, so not added: ${words}`,
  );
}

function declined(worthAWarning: boolean, code: Reason['code'], words: string): Decision {
  return { injections: [], marks: 'none', declined: [{ code, words }], worthAWarning };
}

function devicesInWords({ resources, claims }: DevicesAsked): string {
  return [...resources.map(({ resource }) => resource), ...claims].join(', ');
}

function unknownProfile(named: string, profiles: readonly DeviceProfile[]): string {
  const shown = JSON.stringify(named.length > 63 ? `${named.slice(0, 63)}...` : named);
  const known = profiles.map(({ name }) => `"${name}"`).join(', ');
  return `the annotation ${PROFILE} names ${shown}, which profiles.yaml does not have; it has ${known}`;
}
