import type { Container, Pod } from '../words/pod.ts';
import { isUserSet } from './user-set.ts';

/** What the API server writes where a pod sets no termination grace. */
const DEFAULT_GRACE_SECONDS = 30;

/** A raised termination grace and the probes that must keep the old one. */
export interface GraceRaise {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  /** JSON pointers of liveness and startup probes without a grace of their own. */
  readonly probes: readonly string[];
}

/**
 * The raise that brings the pod to `minimumSeconds`, `'set by the user'` when a lower value is
 * somebody's choice, or `undefined` when the pod has as much already.
 *
 * Only the default of 30 s is ever raised; any other value was chosen. Probes keep the old grace:
 * otherwise a hung container would hold its device for the whole new one.
 */
export function graceRaise(
  pod: Pod,
  minimumSeconds: number,
): GraceRaise | 'set by the user' | undefined {
  const fromSeconds = pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const toSeconds = Math.ceil(minimumSeconds);
  if (fromSeconds >= toSeconds) return undefined;
  if (
    fromSeconds !== DEFAULT_GRACE_SECONDS ||
    isUserSet(pod.metadata, ['spec', 'terminationGracePeriodSeconds'])
  ) {
    return 'set by the user';
  }
  return { fromSeconds, toSeconds, probes: probesWithoutGrace(pod) };
}

function probesWithoutGrace(pod: Pod): readonly string[] {
  const within = (list: readonly Container[] | undefined, path: string) =>
    (list ?? []).flatMap((container, index) =>
      (['livenessProbe', 'startupProbe'] as const)
        .filter((probe) => {
          const held = container[probe];
          return held != null && held.terminationGracePeriodSeconds == null;
        })
        .map((probe) => `${path}/${index}/${probe}`),
    );
  return [
    ...within(pod.spec.containers, '/spec/containers'),
    ...within(pod.spec.initContainers, '/spec/initContainers'),
  ];
}
