import { INJECTED, MANAGED, PROFILE } from '../words/keys.ts';
import { DEFAULT_GRACE_SECONDS } from '../words/pod-defaults.ts';
import type { DeviceProfile } from '../words/profile.ts';
import {
  asksFor,
  type MatchCondition,
  NOT_PREPARED_YET,
  namesAProfile,
  notOptedOut,
  quoted,
} from './match-conditions.ts';
import { optInSelector } from './registration.ts';

/**
 * MutatingAdmissionPolicies and their bindings that do the static part of the webhook's work, for
 * those who want no server (Kubernetes 1.36 and later): tolerations, and termination grace of pods
 * without probes that it would stretch. They know no managedFields, give no warnings, and do not
 * observe. For each profile one policy for labelled namespaces and one for annotated pods elsewhere.
 */
export function mutatingAdmissionPolicies(profiles: readonly DeviceProfile[]): readonly object[] {
  return profiles.flatMap((profile, index) => {
    // A claim does not tell what it is for, and CEL cannot look it up.
    if (profile.devices.length === 0) return [];
    const earlier = profiles.slice(0, index).flatMap(({ devices }) => devices);
    return [
      ...policyAndBinding(`surefoot-namespace-${profile.name}`, profile, earlier, 'In', [
        'enabled',
      ]),
      ...policyAndBinding(
        `surefoot-annotation-${profile.name}`,
        profile,
        earlier,
        'NotIn',
        ['enabled', 'observe'],
        namesAProfile('pods'),
      ),
    ];
  });
}

function policyAndBinding(
  name: string,
  profile: DeviceProfile,
  earlierDevices: readonly string[],
  operator: 'In' | 'NotIn',
  labels: readonly string[],
  condition?: MatchCondition,
): readonly object[] {
  const metadata = { name, labels: { 'app.kubernetes.io/name': 'surefoot' } };
  const apiVersion = 'admissionregistration.k8s.io/v1';
  return [
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicy',
      metadata,
      spec: {
        failurePolicy: 'Ignore',
        // A policy is run again after its own change, so NOT_PREPARED_YET is what ends it.
        reinvocationPolicy: 'IfNeeded',
        matchConstraints: {
          namespaceSelector: optInSelector(operator, labels),
          resourceRules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
          ],
        },
        matchConditions: [
          ...(condition === undefined ? [] : [condition]),
          notOptedOut('pods'),
          NOT_PREPARED_YET,
          isChosen(profile, earlierDevices),
        ],
        mutations: [
          ...profile.tolerations.map((toleration) => mutation(appended(toleration))),
          mutation(graceRaised(profile)),
          mutation(markedBy(profile)),
        ],
      },
    },
    {
      apiVersion,
      kind: 'MutatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: name },
    },
  ];
}

/** The profile that is named, or else the first that applies. */
function isChosen(
  { name, devices }: DeviceProfile,
  earlierDevices: readonly string[],
): MatchCondition {
  const named = `object.metadata.?annotations[?${quoted(PROFILE)}]`;
  const first =
    earlierDevices.length === 0 ? '' : ` && !(${asksFor('pods', [...new Set(earlierDevices)])})`;
  return {
    name: `takes-profile-${name}`,
    expression: `${asksFor('pods', devices)} && (${named}.hasValue() ? ${named}.orValue('') == ${quoted(name)} : true${first})`,
  };
}

function mutation(expression: string): object {
  return { patchType: 'JSONPatch', jsonPatch: { expression } };
}

/** Appends the toleration unless one that is there covers it; as covers() in words/toleration.ts. */
function appended({
  key,
  operator,
  value = '',
  effect,
  tolerationSeconds,
}: DeviceProfile['tolerations'][number]): string {
  const heldOperator = "t.?operator.orValue('Equal')";
  const byKey = [
    `(${heldOperator} == 'Exists' && (t.?key.orValue('') == '' || t.?key.orValue('') == ${quoted(key)}))`,
    ...(operator === 'Equal'
      ? [
          `(${heldOperator} == 'Equal' && t.?key.orValue('') == ${quoted(key)} && t.?value.orValue('') == ${quoted(value)})`,
        ]
      : []),
  ].join(' || ');
  const byEffect = `(t.?effect.orValue('') == '' || t.?effect.orValue('') == ${quoted(effect)})`;
  const bySpan =
    tolerationSeconds === undefined
      ? ''
      : ` && (!has(t.tolerationSeconds) || t.tolerationSeconds >= ${tolerationSeconds})`;
  const covered = `object.spec.?tolerations.orValue([]).exists(t, (${byKey}) && ${byEffect}${bySpan})`;
  const fields = [
    `key: ${quoted(key)}`,
    `operator: ${quoted(operator)}`,
    ...(value === '' ? [] : [`value: ${quoted(value)}`]),
    `effect: ${quoted(effect)}`,
    ...(tolerationSeconds === undefined ? [] : [`tolerationSeconds: ${tolerationSeconds}`]),
  ].join(', ');
  const toleration = `Object.spec.tolerations{${fields}}`;
  return `${covered} ? [] : has(object.spec.tolerations) ? [JSONPatch{op: 'add', path: '/spec/tolerations/-', value: ${toleration}}] : [JSONPatch{op: 'add', path: '/spec/tolerations', value: [${toleration}]}]`;
}

/** Raises the default grace, where no probe without a grace of its own would be stretched by it. */
function graceRaised({ graceSeconds }: DeviceProfile): string {
  const toSeconds = Math.ceil(graceSeconds);
  if (toSeconds <= DEFAULT_GRACE_SECONDS) return '[]';
  const stretched = ['livenessProbe', 'startupProbe']
    .map((probe) => `has(c.${probe}) && !has(c.${probe}.terminationGracePeriodSeconds)`)
    .join(' || ');
  return `object.spec.?terminationGracePeriodSeconds.orValue(${DEFAULT_GRACE_SECONDS}) == ${DEFAULT_GRACE_SECONDS} && !(object.spec.containers + object.spec.?initContainers.orValue([])).exists(c, ${stretched}) ? [JSONPatch{op: 'add', path: '/spec/terminationGracePeriodSeconds', value: ${toSeconds}}] : []`;
}

/** The marks of the webhook, so that the extender knows the pod, and a second run does nothing. */
function markedBy({ name }: DeviceProfile): string {
  const put = (map: string, key: string, value: string) =>
    `(has(object.metadata.${map}) ? [] : [JSONPatch{op: 'add', path: '/metadata/${map}', value: {}}]) + [JSONPatch{op: 'add', path: '/metadata/${map}/' + jsonpatch.escapeKey(${quoted(key)}), value: ${quoted(value)}}]`;
  const injected = JSON.stringify({ profile: name, by: 'MutatingAdmissionPolicy' });
  return `${put('labels', MANAGED, 'true')} + ${put('annotations', INJECTED, injected)}`;
}
