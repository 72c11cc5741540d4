import { REGISTRATION } from '../words/installed-names.ts';
import { INJECT } from '../words/keys.ts';
import {
  asksForDeviceCondition,
  type ConditionKind,
  type MatchCondition,
  NOT_PREPARED_YET,
  namesAProfile,
  notOptedOut,
  TAKES_A_FAILURE_POLICY,
} from './match-conditions.ts';

/** Where the API server finds the webhook, for a path of it. */
export type ClientConfigOf = (path: string) => object;

/** Namespaces that Surefoot never has to do with: the system's and its own. */
const FOREIGN = {
  key: 'kubernetes.io/metadata.name',
  operator: 'NotIn',
  values: ['kube-system', 'surefoot-system'],
};

/** Namespaces by their opt-in label; `NotIn` takes those without the label too. */
export function optInSelector(operator: 'In' | 'NotIn', labels: readonly string[]): object {
  return {
    matchExpressions: [{ key: INJECT, operator, values: [...labels] }, { ...FOREIGN }],
  };
}

/** One way for an object to reach the webhook; each object takes one way only. */
interface Way {
  readonly name: string;
  readonly path: string;
  readonly operator: 'In' | 'NotIn';
  readonly labels: readonly string[];
  readonly asksForAName?: true;
}

/**
 * The namespace label is not in an AdmissionReview, so namespaces that only watch have a path of their
 * own; and a condition cannot read it, so annotated objects elsewhere have an entry of their own.
 */
const WAYS: readonly Way[] = [
  { name: 'namespace', path: '/mutate', operator: 'In', labels: ['enabled'] },
  { name: 'observe', path: '/mutate/observe', operator: 'In', labels: ['observe'] },
  {
    name: 'annotation',
    path: '/mutate',
    operator: 'NotIn',
    labels: ['enabled', 'observe'],
    asksForAName: true,
  },
];

/**
 * The MutatingWebhookConfiguration for these device patterns. Its name sorts last, because a device
 * that a later webhook adds would never be seen.
 */
export function mutatingWebhookConfiguration(
  patterns: readonly string[],
  clientConfigOf: ClientConfigOf,
): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: REGISTRATION, labels: { 'app.kubernetes.io/name': 'surefoot' } },
    webhooks: WAYS.flatMap((way) => [
      entry(way, 'pods', patterns, clientConfigOf),
      entry(way, 'jobs', patterns, clientConfigOf),
    ]),
  };
}

function entry(
  way: Way,
  kind: ConditionKind,
  patterns: readonly string[],
  clientConfigOf: ClientConfigOf,
): object {
  return {
    name: `${way.name}-${kind}.surefoot.dev`,
    clientConfig: clientConfigOf(way.path),
    namespaceSelector: optInSelector(way.operator, way.labels),
    rules: [
      {
        operations: ['CREATE'],
        apiGroups: [kind === 'pods' ? '' : 'batch'],
        apiVersions: ['v1'],
        resources: [kind],
        scope: 'Namespaced',
      },
    ],
    matchConditions: conditionsFor(way, kind, patterns),
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    timeoutSeconds: 2,
    admissionReviewVersions: ['v1'],
  };
}

function conditionsFor(
  { asksForAName }: Way,
  kind: ConditionKind,
  patterns: readonly string[],
): readonly MatchCondition[] {
  return [
    // The cheap ones first; the API server stops at the first that is false.
    ...(asksForAName ? [namesAProfile(kind)] : []),
    ...(kind === 'jobs' ? TAKES_A_FAILURE_POLICY : []),
    notOptedOut(kind),
    // A prepared Job has its failure policy; a prepared pod shows only by its marks.
    ...(kind === 'pods' ? [NOT_PREPARED_YET] : []),
    asksForDeviceCondition(kind, patterns),
  ];
}
