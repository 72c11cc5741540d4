import { type GraceRaise, graceRaise } from './rules/grace.ts';
import { missingTolerations } from './rules/tolerations.ts';
import { asksForDevices, devicesAsked } from './words/device.ts';
import { INJECT, INJECTED, MANAGED, PROFILE } from './words/keys.ts';
import type { Mode } from './words/mode.ts';
import type { Pod, Toleration } from './words/pod.ts';
import { type DeviceProfile, devicePatterns, profileOf } from './words/profile.ts';
import type { Reason } from './words/reason.ts';
import { tolerationInWords } from './words/toleration.ts';

/** One change that the webhook makes to a pod. */
export type Injection =
  | { readonly kind: 'toleration'; readonly toleration: Toleration }
  | { readonly kind: 'grace'; readonly raise: GraceRaise }
  | { readonly kind: 'mark' };

/** What to do with one pod, and why. Nothing to inject means: leave it exactly as it is. */
export interface Admission {
  /** The device profile that applies, by name. */
  readonly profile?: string;
  readonly injections: readonly Injection[];
  /** What was left alone, and why. */
  readonly declined: readonly Reason[];
  /** True when the pod asked for something by annotation and did not get it: worth a warning. */
  readonly worthAWarning: boolean;
}

/** Written by the kubelet on the API's copy of a static pod; changes to it reach no kubelet. */
const MIRROR = 'kubernetes.io/config.mirror';

/**
 * Decides for a pod that its namespace's label, or its own annotation, has opted in. A pure
 * function of the pod and the configuration, and a fixed point: a prepared pod gets nothing more.
 */
export function decide(pod: Pod, profiles: readonly DeviceProfile[], mode: Mode): Admission {
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
  if (profile !== undefined) return admission(pod, profile, mode);
  const devices = [...asked.resources.map(({ resource }) => resource), ...asked.claims].join(', ');
  if (named === undefined) {
    return declined(false, 'NoProfileForDevice', `no profile applies to ${devices}`);
  }
  return profiles.some(({ name }) => name === named)
    ? declined(true, 'NoProfileForDevice', `profile ${named} does not apply to ${devices}`)
    : declined(true, 'UnknownProfile', unknownProfile(named, profiles));
}

function admission(pod: Pod, profile: DeviceProfile, mode: Mode): Admission {
  const reasons: Reason[] = [];
  const injections: Injection[] = missingTolerations(pod, tolerationsOf(profile)).map(
    (toleration) => ({ kind: 'toleration', toleration }),
  );
  const raise = graceRaise(pod, profile.graceSeconds);
  if (raise === 'set by the user') {
    reasons.push({
      code: 'GraceSetByUser',
      words: `the pod's grace of ${pod.spec.terminationGracePeriodSeconds}s was chosen by its user and stays, though profile ${profile.name} asks for ${profile.graceSeconds}s`,
    });
  } else if (raise !== undefined) {
    injections.push({ kind: 'grace', raise });
  }
  const marked =
    pod.metadata.labels?.[MANAGED] === 'true' &&
    Object.hasOwn(pod.metadata.annotations ?? {}, INJECTED);
  if (injections.length > 0 || !marked) injections.push({ kind: 'mark' });

  if (mode === 'observe' && injections.length > 0) {
    const would = injectionsInWords(injections).join('; ') || 'only mark the pod';
    reasons.push({ code: 'ObserveOnly', words: `observing; would have injected: ${would}` });
    return { profile: profile.name, injections: [], declined: reasons, worthAWarning: false };
  }
  if (injections.length === 0) {
    reasons.push({ code: 'AlreadyPrepared', words: 'nothing is missing' });
  }
  return { profile: profile.name, injections, declined: reasons, worthAWarning: false };
}

/** Each injection in a few words, as the `injected` annotation and the audit log carry them. */
export function injectionsInWords(injections: readonly Injection[]): readonly string[] {
  return injections.filter((injection) => injection.kind !== 'mark').map(injectionInWords);
}

function injectionInWords(injection: Exclude<Injection, { kind: 'mark' }>): string {
  return injection.kind === 'toleration'
    ? `toleration ${tolerationInWords(injection.toleration)}`
    : `grace ${injection.raise.fromSeconds}s -> ${injection.raise.toSeconds}s`;
}

function declined(worthAWarning: boolean, code: Reason['code'], words: string): Admission {
  return { injections: [], declined: [{ code, words }], worthAWarning };
}

function unknownProfile(named: string, profiles: readonly DeviceProfile[]): string {
  const shown = JSON.stringify(named.length > 63 ? `${named.slice(0, 63)}...` : named);
  const known = profiles.map(({ name }) => `"${name}"`).join(', ');
  return `the annotation ${PROFILE} names ${shown}, which profiles.yaml does not have; it has ${known}`;
}

/** API form: an absent field is absent, not an empty text. */
function tolerationsOf(profile: DeviceProfile): readonly Toleration[] {
  return profile.tolerations.map(({ key, operator, value, effect, tolerationSeconds }) => ({
    key,
    operator,
    ...(value !== undefined && { value }),
    effect,
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  }));
}
