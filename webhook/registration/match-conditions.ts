import { DEVICE_CLASS_PREFIX } from '../words/device.ts';
import { INJECT, INJECTED, MANAGED, PROFILE } from '../words/keys.ts';

/** A CEL condition: the API server calls us, or runs a policy, only where all of them hold. */
export interface MatchCondition {
  readonly name: string;
  readonly expression: string;
}

/** Which objects a condition is about. */
export type ConditionKind = 'pods' | 'jobs';

/**
 * "Asks for a device", in CEL, so that other objects never reach the webhook. The API server copies
 * limits into requests before admission, but not in a Job's template, so limits without a request
 * are read there too. A quantity of zero is no device. The forms were run against 41 shapes of pods
 * and Jobs on a 1.37.2 API server.
 */
export function asksForDeviceCondition(
  kind: ConditionKind,
  patterns: readonly string[],
): MatchCondition {
  return {
    name: 'asks-for-a-device',
    expression: `${SPEC[kind]}.?resourceClaims.orValue([]).size() > 0 || ${asksFor(kind, [...patterns, `${DEVICE_CLASS_PREFIX}*`])}`,
  };
}

/** CEL: some container asks for a positive quantity of a resource that matches one of the patterns. */
export function asksFor(kind: ConditionKind, patterns: readonly string[]): string {
  const exact = patterns.filter((pattern) => !pattern.endsWith('*')).map(quoted);
  const prefixes = patterns
    .filter((pattern) => pattern.endsWith('*'))
    .map((pattern) => pattern.slice(0, -1));
  const isDevice = [
    ...(exact.length > 0 ? [`k in [${exact.join(', ')}]`] : []),
    ...prefixes.map((prefix) => `k.startsWith(${quoted(prefix)})`),
  ].join(' || ');
  const some = (list: string, also: string) =>
    `c.?resources.${list}.orValue({}).exists(k, (${isDevice})${also} && quantity(c.resources.${list}[k]).isGreaterThan(quantity('0')))`;
  const requests = some('requests', '');
  const asks =
    kind === 'pods'
      ? requests
      : `${requests} || ${some('limits', ' && !(k in c.?resources.requests.orValue({}))')}`;
  return `(${SPEC[kind]}.containers + ${SPEC[kind]}.?initContainers.orValue([])).exists(c, ${asks})`;
}

/** The object, or what a Job's template says of its pods, has not opted out. */
export function notOptedOut(kind: ConditionKind): MatchCondition {
  return {
    name: 'not-opted-out',
    expression: METADATA[kind]
      .map((place) => `${place}.?annotations[?${quoted(INJECT)}].orValue('') != 'false'`)
      .join(' && '),
  };
}

/** The object, or a Job's template, has opted in by naming a profile. */
export function namesAProfile(kind: ConditionKind): MatchCondition {
  return {
    name: 'names-a-profile',
    expression: METADATA[kind]
      .map((place) => `${quoted(PROFILE)} in ${place}.?annotations.orValue({})`)
      .join(' || '),
  };
}

/** Nobody has prepared it yet. Whoever forges the marks gets nothing by it. */
export const NOT_PREPARED_YET: MatchCondition = {
  name: 'not-prepared-yet',
  expression: `object.metadata.?labels[?${quoted(MANAGED)}].orValue('') != 'true' || !(${quoted(INJECTED)} in object.metadata.?annotations.orValue({}))`,
};

/** A failure policy would be valid, and is not there yet. */
export const TAKES_A_FAILURE_POLICY: readonly MatchCondition[] = [
  {
    name: 'never-restarts-in-place',
    expression: "object.spec.template.spec.?restartPolicy.orValue('') == 'Never'",
  },
  { name: 'no-failure-policy-yet', expression: '!has(object.spec.podFailurePolicy)' },
  {
    name: 'built-in-controller',
    expression:
      "object.spec.?managedBy.orValue('kubernetes.io/job-controller') == 'kubernetes.io/job-controller'",
  },
];

const SPEC: Readonly<Record<ConditionKind, string>> = {
  pods: 'object.spec',
  jobs: 'object.spec.template.spec',
};

const METADATA: Readonly<Record<ConditionKind, readonly string[]>> = {
  pods: ['object.metadata'],
  jobs: ['object.metadata', 'object.spec.template.?metadata'],
};

/** CEL text; what it is given was checked against patterns that have no quote. */
export function quoted(text: string): string {
  return `'${text}'`;
}
