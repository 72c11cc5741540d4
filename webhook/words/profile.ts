import { z } from 'zod';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { asksForClaims, type DevicesAsked, matchesDevicePattern } from './device.ts';
import { DEVICE_MATTERS } from './device-matters.ts';
import { durationSeconds } from './duration.ts';
import { PROFILE } from './keys.ts';
import { OBJECT_NAME } from './longest-name.ts';
import type { Pod, Toleration } from './pod.ts';
import { quantityValue } from './quantity.ts';
import { dangerOf } from './toleration.ts';

/** The API group and version that every configuration file of Surefoot declares. */
export const CONFIG_API_VERSION = 'config.surefoot.dev/v1alpha1';

/** A duration in a configuration file, read as seconds. */
export const durationField = z
  .string({ error: 'expected a duration such as "90s", "2m" or "1h30m"' })
  .transform((text, context) => {
    const seconds = durationSeconds(text);
    if (seconds !== undefined) return seconds;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a duration; write a number with a unit, such as "90s", "2m" or "1h30m"`,
    });
    return z.NEVER;
  });

/** A size in a configuration file, read as bytes; `example` is what its errors suggest. */
export function sizeField(example: string) {
  return z.string({ error: `expected a size such as "${example}"` }).transform((text, context) => {
    const bytes = quantityValue(text);
    if (bytes !== undefined && bytes > 0) return bytes;
    context.addIssue({
      code: 'custom',
      message: `"${text}" is not a size; write one such as "${example}"`,
    });
    return z.NEVER;
  });
}

/** A pod that waits runs nowhere, and is seen by no autoscaler: this is a judgement. */
export const LONGEST_WAIT_SECONDS = 300;

/** As the API server validates a taint's key (a qualified name) and value (a label value): what it
 * would refuse must never be patched into a pod, or the pod is refused. */
const TAINT_KEY =
  /^$|^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const TAINT_KEY_EXPECTED = 'expected the key of a taint, such as "nvidia.com/gpu"';
const LABEL_VALUE = /^$|^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE_EXPECTED =
  'expected the value of a taint: letters, digits, "-", "_" and ".", at most 63, such as "present"';

const tolerationField = strictSection({
  key: z.string().regex(TAINT_KEY, { error: TAINT_KEY_EXPECTED }).default(''),
  operator: z.enum(['Exists', 'Equal']).default('Exists'),
  value: z.string().regex(LABEL_VALUE, { error: LABEL_VALUE_EXPECTED }).optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute', '']).default(''),
  tolerationSeconds: z.int().nonnegative().optional(),
}).superRefine((toleration, context) => {
  const { value, tolerationSeconds, ...rest } = toleration;
  const danger = dangerOf({
    ...rest,
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  });
  if (danger !== undefined) context.addIssue({ code: 'custom', message: danger });
  if (toleration.operator === 'Exists' && value !== undefined) {
    context.addIssue({
      code: 'custom',
      message: 'operator Exists takes no value; remove value or write operator: Equal',
    });
  }
  if (tolerationSeconds !== undefined && toleration.effect !== 'NoExecute') {
    context.addIssue({
      code: 'custom',
      message: 'tolerationSeconds goes with effect: NoExecute only; remove it',
    });
  }
});

/** The name of an extended resource; a trailing `*` stands for the rest of it. */
export const DEVICE_PATTERN =
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[A-Za-z0-9]([-\w.]*(\w|\*))?|deviceclass\.resource\.kubernetes\.io\/\*)$/;
const NAME_EXPECTED =
  'expected a name of lower-case letters, digits and dashes, at most 63, such as "nvidia"';
const PROFILE_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const MOST_GRACE_SECONDS = 86_400;
/** What the API server gives every pod; less would make a pod weaker than it was. */
const DEFAULT_NODE_LOSS_SECONDS = 300;

/** Ascending and each once, as the API server demands it of a podFailurePolicy. */
const exitCodesField = z
  .array(
    z
      .int({ error: 'expected an exit code from 1 to 255' })
      .min(1, { error: 'expected an exit code from 1 to 255: 0 is success' })
      .max(255, { error: 'expected an exit code from 1 to 255' }),
  )
  .transform((codes) => [...new Set(codes)].sort((a, b) => a - b));

/** The name of a scheduler. */
export const schedulerNameField = z
  .string({ error: 'expected the name of a scheduler, such as "surefoot-scheduler"' })
  .regex(OBJECT_NAME, {
    error: 'expected the name of a scheduler, such as "surefoot-scheduler"',
  });

const failurePolicySection = strictSection({
  /** Evictions, preemptions and lost nodes do not count as failures of the Job. */
  ignoreDisruptions: z.boolean().default(true),
  /** Exit codes of the device container after which the Job is over, such as one of a checker. */
  fatalExitCodes: exitCodesField.default([]),
  /** Of Indexed Jobs: how often each index may fail. */
  backoffLimitPerIndex: z
    .int({ error: 'expected a whole number, such as 3' })
    .min(0)
    .max(1000)
    .optional(),
}).superRefine(({ ignoreDisruptions, fatalExitCodes, backoffLimitPerIndex }, context) => {
  if (ignoreDisruptions || fatalExitCodes.length > 0 || backoffLimitPerIndex !== undefined) return;
  context.addIssue({
    code: 'custom',
    message:
      'it asks for nothing; write ignoreDisruptions: true, fatalExitCodes or backoffLimitPerIndex, or leave failurePolicy out',
  });
});

/** One entry of profiles.yaml, as written. Defaults stand here and nowhere else. */
const profileEntry = strictSection({
  /** What a pod's annotation says to choose this profile. */
  name: z.string({ error: NAME_EXPECTED }).regex(PROFILE_NAME, { error: NAME_EXPECTED }),
  /** Extended resources it applies to; a trailing `*` matches the rest of the name. */
  devices: z
    .array(
      z.string().regex(DEVICE_PATTERN, {
        error: 'expected an extended resource such as "nvidia.com/gpu" or "nvidia.com/mig-*"',
      }),
    )
    .default([]),
  /** Whether pods with dynamic resource claims (DRA) and no listed device take this profile. */
  resourceClaims: z.boolean().default(false),
  tolerations: z.array(tolerationField).default([]),
  grace: strictSection({
    /** Termination grace that a device pod gets at least; default 60 s, the low end of the
     * 60 to 120 s that leave time for a last checkpoint: a judgement. */
    minimum: durationField
      .refine((seconds) => seconds <= MOST_GRACE_SECONDS, {
        error: 'expected at most 24h: a pod that ends holds its devices for so long',
      })
      .prefault('60s'),
    /** The most that `minimum` may be, for those who keep profiles apart from limits. */
    cap: durationField.optional(),
  })
    .superRefine(({ minimum, cap }, context) => {
      if (cap === undefined || minimum <= cap) return;
      context.addIssue({
        code: 'custom',
        path: ['minimum'],
        message: `it is more than cap allows (${cap}s); lower it, or raise cap`,
      });
    })
    .prefault({}),
  /** How long a pod stays bound to a lost node, in place of the default 300 s; absent: as it is. */
  nodeLoss: durationField
    .refine((seconds) => seconds >= DEFAULT_NODE_LOSS_SECONDS && seconds <= 7 * 86_400, {
      error:
        'expected from 5m, the default, which is never lowered, to 7d: a pod must leave a lost node some day',
    })
    .optional(),
  /** What Jobs do when a pod of theirs fails; absent: as they are. */
  failurePolicy: failurePolicySection.optional(),
  /** Restarts device containers in place after these exit codes (Kubernetes 1.35 and later). */
  restartRules: strictSection({
    exitCodes: exitCodesField.refine((codes) => codes.length > 0, {
      error: 'expected at least one exit code, such as [75]',
    }),
  }).optional(),
  /** Scheduler for pods that are with the default one; absent: as webhook.yaml says. */
  schedulerName: schedulerNameField.optional(),
  /** Prefer nodes without a hazard label, softly; absent: as webhook.yaml says. */
  avoidHazard: z.boolean({ error: 'expected true or false' }).optional(),
  /** Prefer nodes that are marked as home of the pod's slot, softly; absent: as webhook.yaml says. */
  preferHome: z.boolean({ error: 'expected true or false' }).optional(),
  /** What a warm node saves beyond images. A preference, not a measurement. */
  coldStart: durationField.prefault('20s'),
  /** How long a pod runs when it does not say. */
  expectedDuration: durationField.prefault('24h'),
  /** Time between checkpoints of pods that do not say; absent: no checkpoints. */
  checkpoint: durationField.optional(),
  /** From fault to work going on again, images apart. Meta reports 5 to 20 minutes
   * ("Revisiting Reliability", HPCA 2025). */
  restart: durationField.prefault('5m'),
  /** The longest that a vacated node counts as home. */
  homeLife: durationField.prefault('1h'),
  /** How long a pod may wait for its slot's own node, where that is worth it; absent: it does not wait. */
  waitForHome: durationField
    .refine((seconds) => seconds <= LONGEST_WAIT_SECONDS, {
      error: 'expected at most 5m: a pod that waits runs nowhere, and no autoscaler sees it',
    })
    .prefault('0s'),
  /** How much the device matters to pods that do not say. */
  deviceMatters: z
    .enum(DEVICE_MATTERS, { error: 'expected "required", "degraded-ok" or "optional"' })
    .default('required'),
  /** What its pods may be released from, where `surefoot release` runs and acts. */
  release: z
    .enum(['off', 'brokenDevice', 'crashLoop', 'both'], {
      error: 'expected "off", "brokenDevice", "crashLoop" or "both"',
    })
    .default('brokenDevice'),
  /** The most that a pod's annotations may say. */
  caps: strictSection({
    coldStart: durationField.prefault('10m'),
    expectedDuration: durationField.prefault('30d'),
    checkpoint: durationField.prefault('24h'),
  }).prefault({}),
}).superRefine(({ failurePolicy, restartRules }, context) => {
  const fatal = failurePolicy?.fatalExitCodes ?? [];
  const both = (restartRules?.exitCodes ?? []).filter((exitCode) => fatal.includes(exitCode));
  if (both.length === 0) return;
  context.addIssue({
    code: 'custom',
    path: ['restartRules', 'exitCodes'],
    message: `${both.join(', ')} is also in failurePolicy.fatalExitCodes, which a container that restarts in place never reaches; keep it in one of the two`,
  });
});

/** One entry of profiles.yaml, read: durations are seconds and say so. */
export const deviceProfileSchema = profileEntry.transform(
  ({
    grace,
    nodeLoss,
    failurePolicy,
    restartRules,
    schedulerName,
    avoidHazard,
    preferHome,
    coldStart,
    expectedDuration,
    checkpoint,
    restart,
    homeLife,
    waitForHome,
    caps,
    ...rest
  }) => ({
    ...rest,
    graceSeconds: grace.minimum,
    ...(nodeLoss !== undefined && { nodeLossSeconds: nodeLoss }),
    ...(failurePolicy !== undefined && { failurePolicy }),
    restartExitCodes: restartRules?.exitCodes ?? [],
    ...(schedulerName !== undefined && { schedulerName }),
    ...(avoidHazard !== undefined && { avoidHazard }),
    ...(preferHome !== undefined && { preferHome }),
    coldStartSeconds: coldStart,
    expectedDurationSeconds: expectedDuration,
    ...(checkpoint !== undefined && { checkpointSeconds: checkpoint }),
    restartSeconds: restart,
    homeLifeSeconds: homeLife,
    waitForHomeSeconds: waitForHome,
    caps: {
      coldStartSeconds: caps.coldStart,
      expectedDurationSeconds: caps.expectedDuration,
      checkpointSeconds: caps.checkpoint,
    },
  }),
);

/** A named set of admin choices for a kind of device. */
export type DeviceProfile = z.output<typeof deviceProfileSchema>;

/** The whole of profiles.yaml. */
export const profilesSchema = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Profiles'),
  /** In order: the first that applies to a pod's devices is the pod's. */
  profiles: z.array(deviceProfileSchema).min(1, { error: 'expected at least one profile' }),
}).superRefine(({ profiles }, context) => {
  profiles.forEach(({ name }, index) => {
    if (profiles.findIndex((other) => other.name === name) < index) {
      context.addIssue({
        code: 'custom',
        path: ['profiles', index, 'name'],
        message: `the profile "${name}" stands here a second time; give each its own name`,
      });
    }
  });
});

/** Every device pattern of every profile: together they say what a device is. */
export function devicePatterns(profiles: readonly DeviceProfile[]): readonly string[] {
  return [...new Set(profiles.flatMap((profile) => profile.devices))];
}

/**
 * The profile that the pod's annotation names, or else the first one, that applies to its devices.
 * A name alone gives nothing: it would hand the tolerations of one device to pods of another.
 */
export function profileOf(
  pod: Pod,
  profiles: readonly DeviceProfile[],
  asked: DevicesAsked,
): DeviceProfile | undefined {
  const named = pod.metadata.annotations?.[PROFILE];
  return profiles.find(
    (profile) => (named === undefined || profile.name === named) && appliesTo(profile, asked),
  );
}

/** Whether a profile is for any of the devices asked. */
function appliesTo(profile: DeviceProfile, asked: DevicesAsked): boolean {
  return (
    asked.resources.some(({ resource }) =>
      profile.devices.some((pattern) => matchesDevicePattern(pattern, resource)),
    ) ||
    (profile.resourceClaims && asksForClaims(asked))
  );
}

/** The tolerations that the profile gives, as the API has them. */
export function tolerationsOf(profile: DeviceProfile): readonly Toleration[] {
  return profile.tolerations.map(inApiForm);
}

/** An absent field is absent, not an empty text. */
function inApiForm({
  key,
  operator,
  value,
  effect,
  tolerationSeconds,
}: DeviceProfile['tolerations'][number]): Toleration {
  return {
    key,
    operator,
    ...(value !== undefined && { value }),
    effect,
    ...(tolerationSeconds !== undefined && { tolerationSeconds }),
  };
}
