import { groupControllerOf } from '../words/group-controller.ts';
import {
  add,
  declining,
  type Injection,
  NOTHING,
  type PatchOperation,
  type Ruling,
} from '../words/injection.ts';
import type { Job } from '../words/job.ts';
import type { DeviceProfile } from '../words/profile.ts';
import { holdsDevice } from './restart-rules.ts';
import { isUserSet } from './user-set.ts';

/** The controller of kube-controller-manager, which may be named outright. */
const BUILT_IN_CONTROLLER = 'kubernetes.io/job-controller';
/** What the API server writes where a Job sets no `backoffLimit`. */
const DEFAULT_BACKOFF_LIMIT = 6;
/** What it writes instead where `backoffLimitPerIndex` is set: the index counts, not the Job. */
const NO_BACKOFF_LIMIT = 2_147_483_647;
/** Beyond this many completions `maxFailedIndexes` is required, which is nobody's to guess. */
const MOST_COMPLETIONS = 100_000;
/** The API's limit of rules. */
const MOST_RULES = 20;

/** Said as a warning (kubernetes#134038). */
const PRICE =
  'with podReplacementPolicy Failed, a pod on a lost node is replaced only once its Node is deleted or tainted out-of-service';

/**
 * What a Job does when a pod of it fails: disruptions do not count, exit codes that the profile calls
 * fatal end the Job, and each index counts for itself where the profile asks. A policy is valid only
 * with `podReplacementPolicy: Failed`, and the API server has written another one by now, so both go
 * into one patch.
 */
export function failurePolicy(job: Job, profile: DeviceProfile): Ruling {
  const wanted = profile.failurePolicy;
  if (wanted === undefined) return NOTHING;
  const why = whyNot(job);
  if (why !== undefined) return why;
  const { rules, words } = rulesFor(job, profile);
  const injections: Injection[] = [];
  if (rules.length > 0) {
    const operations: PatchOperation[] = [add('/spec/podFailurePolicy', { rules })];
    if (job.spec.podReplacementPolicy !== 'Failed') {
      operations.push(add('/spec/podReplacementPolicy', 'Failed'));
    }
    injections.push({ words, operations, price: PRICE });
  }
  const perIndex = backoffPerIndex(job, wanted.backoffLimitPerIndex);
  return {
    injections: [...injections, ...perIndex.injections],
    declined: perIndex.declined,
  };
}

function whyNot({ metadata, spec }: Job): Ruling | undefined {
  const group = groupControllerOf(metadata) ?? groupControllerOf(spec.template.metadata ?? {});
  if (group !== undefined) {
    return declining('GroupRestartsItself', `${group} restarts its Jobs by rules of its own`);
  }
  if (spec.managedBy != null && spec.managedBy !== BUILT_IN_CONTROLLER) {
    return declining('ManagedElsewhere', `the Job is run by ${spec.managedBy}`);
  }
  if (spec.podFailurePolicy != null) {
    return declining('FailurePolicySetByUser', 'the Job has a podFailurePolicy, which stays');
  }
  const { restartPolicy } = spec.template.spec;
  if (restartPolicy !== 'Never') {
    return declining(
      'RestartsAnyway',
      `a podFailurePolicy is valid with restartPolicy Never only; this Job's is ${restartPolicy ?? 'not set'}`,
    );
  }
  if (
    spec.podReplacementPolicy !== 'Failed' &&
    isUserSet(metadata, ['spec', 'podReplacementPolicy'])
  ) {
    return declining(
      'ReplacementSetByUser',
      `the Job's user wrote podReplacementPolicy ${spec.podReplacementPolicy}; a podFailurePolicy would need another, and every later apply would fail`,
    );
  }
  return undefined;
}

/** The rules, and what they do in words: neither says more than the other. */
function rulesFor(
  { spec }: Job,
  profile: DeviceProfile,
): { readonly rules: readonly object[]; readonly words: string } {
  const { ignoreDisruptions, fatalExitCodes = [] } = profile.failurePolicy ?? {};
  const ignore = {
    action: 'Ignore',
    onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
  };
  const ignored = ignoreDisruptions ? [ignore] : [];
  // Scoped to the device containers: an unscoped rule would see every sidecar that is injected later.
  const holders =
    fatalExitCodes.length === 0
      ? []
      : spec.template.spec.containers.filter((container) => holdsDevice(container, profile));
  const judged = holders.slice(0, MOST_RULES - ignored.length);
  const fatal = judged.map(({ name }) => ({
    action: 'FailJob',
    onExitCodes: { containerName: name, operator: 'In', values: [...fatalExitCodes] },
  }));
  const where =
    judged.length === holders.length
      ? ''
      : ` of the first ${judged.length} of ${holders.length} device containers`;
  const parts = [
    ...(ignoreDisruptions ? ['disruptions do not count'] : []),
    ...(fatal.length > 0 ? [`exit code ${fatalExitCodes.join(', ')}${where} ends the Job`] : []),
  ];
  return { rules: [...ignored, ...fatal], words: `failure policy: ${parts.join(', ')}` };
}

function backoffPerIndex({ metadata, spec }: Job, limit: number | undefined): Ruling {
  if (limit === undefined || spec.completionMode !== 'Indexed') return NOTHING;
  if (spec.backoffLimitPerIndex != null) return NOTHING;
  if ((spec.completions ?? 0) > MOST_COMPLETIONS) {
    return declining(
      'TooManyCompletions',
      `beyond ${MOST_COMPLETIONS} completions backoffLimitPerIndex needs maxFailedIndexes, which is the user's to choose`,
    );
  }
  const isChosen =
    spec.backoffLimit !== DEFAULT_BACKOFF_LIMIT || isUserSet(metadata, ['spec', 'backoffLimit']);
  if (isChosen) {
    return declining(
      'BackoffSetByUser',
      `the Job's user chose backoffLimit ${spec.backoffLimit}, which would count before backoffLimitPerIndex`,
    );
  }
  return {
    injections: [
      {
        words: `backoffLimitPerIndex ${limit}`,
        operations: [
          add('/spec/backoffLimitPerIndex', limit),
          add('/spec/backoffLimit', NO_BACKOFF_LIMIT),
        ],
      },
    ],
    declined: [],
  };
}
