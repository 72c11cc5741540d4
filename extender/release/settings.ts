import { z } from 'zod';
import {
  type ConfigReader,
  combined,
  configDirectory,
} from '../../certs/serving/config-directory.ts';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { durationSeconds } from '../../webhook/words/duration.ts';
import { CONFIG_API_VERSION, durationField } from '../../webhook/words/profile.ts';

/** `observe`: decide and record. `advise`: tell the pod's owner by an Event, too. `act`: evict. */
export type ReleaseMode = 'observe' | 'advise' | 'act';

const modeField = z.enum(['observe', 'advise', 'act'], {
  error: 'expected "observe" (decide and record), "advise" (an Event, too) or "act" (evict)',
});

/** So many within a time. */
export interface Budget {
  readonly most: number;
  readonly withinSeconds: number;
}

const BUDGET_EXPECTED = 'expected so many within a time, such as "5/1h"';

const budgetField = z.string({ error: BUDGET_EXPECTED }).transform((text, context): Budget => {
  const [, most = '', within = ''] = /^(\d{1,4})\/(.{1,16})$/.exec(text) ?? [];
  const withinSeconds = durationSeconds(within);
  if (withinSeconds !== undefined && withinSeconds > 0 && withinSeconds <= MOST_WITHIN_SECONDS) {
    return { most: Number(most), withinSeconds };
  }
  context.addIssue({
    code: 'custom',
    message: `"${text}" is no budget; write so many within a time of at most 7d, such as "5/1h"`,
  });
  return z.NEVER;
});

/** Restarts that are counted of each pod. */
export const MOST_RESTARTS = 64;
const RESTARTS_EXPECTED = `expected from 1 to ${MOST_RESTARTS} restarts within a time, such as "5/1h"`;

const restartsField = budgetField.refine(({ most }) => most >= 1 && most <= MOST_RESTARTS, {
  error: RESTARTS_EXPECTED,
});

/** The longest budget, and how long what was released is remembered for it. */
export const MOST_WITHIN_SECONDS = 7 * 86_400;

const NAMESPACE_EXPECTED = 'expected the name of a namespace, such as "medik8s-leases"';

/** Kinds of owners that make a pod anew elsewhere, one by one. */
const KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet', 'Job'] as const;

/** release.yaml, as written. Numbers are judgements, chosen low: an eviction that is not made can be made later. */
const releaseEntry = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Release'),
  mode: modeField.default('observe'),
  /** Namespace name to mode, where it differs. */
  namespaces: z.record(z.string(), modeField).default({}),
  brokenDevice: strictSection({
    /** How long a device must have been broken without a break. */
    after: durationField
      .refine((seconds) => seconds >= 10, { error: 'expected at least 10s: devices flap' })
      .prefault('2m'),
  }).prefault({}),
  crashLoop: strictSection({
    /** So many restarts within a time are a loop. */
    restarts: restartsField.prefault('5/1h'),
    /** So many other pods of its owner have to run elsewhere, before it is not the program. */
    others: z.int({ error: 'expected a whole number, such as 2' }).min(1).max(1000).default(2),
  }).prefault({}),
  /** What the best other node has to save. */
  minimumGain: durationField.prefault('10m'),
  budgets: strictSection({
    node: budgetField.prefault('1/10m'),
    owner: budgetField.prefault('1/30m'),
    namespace: budgetField.prefault('5/1h'),
    cluster: budgetField.prefault('20/1h'),
  }).prefault({}),
  /** On more nodes than this within the time it is no fault of devices, and nothing is released. */
  storm: budgetField.prefault('10/10m'),
  kinds: z
    .array(
      z.enum(KINDS, {
        error: `expected one of ${KINDS.join(', ')}: they make a pod anew elsewhere`,
      }),
    )
    .default([...KINDS]),
  /** Namespace of the Leases node-NAME by which remediators keep out of each other's way; absent: none are looked at. */
  maintenanceLeases: z
    .string({ error: NAMESPACE_EXPECTED })
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, { error: NAMESPACE_EXPECTED })
    .optional(),
});

/** release.yaml, read: durations are seconds and say so. */
export const releaseSchema = releaseEntry.transform(({ brokenDevice, minimumGain, ...rest }) => ({
  ...rest,
  brokenDevice: { afterSeconds: brokenDevice.after },
  minimumGainSeconds: minimumGain,
}));

export type ReleaseSettings = z.output<typeof releaseSchema>;

/** How the directory with release.yaml is read. */
export function releaseDirectory(directory: string): ConfigReader<ReleaseSettings> {
  const files = configDirectory(directory, { 'release.yaml': releaseSchema });
  return combined(files, (read) => read['release.yaml']);
}
