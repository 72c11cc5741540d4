import { z } from 'zod';
import { type Parsed, parseStrictYaml, strictSection } from '../../certs/serving/strict-yaml.ts';
import { durationField, sizeField } from '../../webhook/words/profile.ts';
import { topologySection } from './topology.ts';

/** The version that every fault script declares. */
const SCRIPT_API_VERSION = 'fleet.surefoot.dev/v1alpha1';

const nameField = z.string().regex(/^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$/, {
  error: 'expected a name of lower-case letters, digits and dashes, at most 40, such as "train"',
});
const countField = (most: number) =>
  z
    .number({ error: `expected a whole number from 1 to ${most}` })
    .int()
    .min(1)
    .max(most);

const workloadEntry = strictSection({
  name: nameField,
  /**
   * `group`: an Indexed Job whose members all restart when one fails. `replicas`: a Deployment.
   * `notebooks`: a StatefulSet. `jobs`: Jobs of one pod that end after `duration`, one after the other.
   */
  kind: z.enum(['group', 'replicas', 'notebooks', 'jobs'], {
    error: 'expected "group", "replicas", "notebooks" or "jobs"',
  }),
  pods: countField(512).default(1),
  gpus: countField(16).default(1),
  image: z.string().min(1).max(512).default('registry.example/train:1'),
  imageSize: sizeField('11Gi').prefault('11Gi'),
  /** When the workload is created, counted from the start. */
  at: durationField.prefault('0s'),
  /** How long its pods run; absent: until they fail. */
  duration: durationField.optional(),
  checkpoint: durationField.optional(),
}).transform(({ at, imageSize, duration, checkpoint, ...rest }) => ({
  ...rest,
  atSeconds: at,
  imageBytes: imageSize,
  ...(duration !== undefined && { durationSeconds: duration }),
  ...(checkpoint !== undefined && { checkpointSeconds: checkpoint }),
}));

/** A fault of a script, at the pod that fills a slot of a workload then. */
export type Fault = {
  readonly atSeconds: number;
  readonly workload: string;
  readonly index: number;
} & (
  | { readonly kind: 'crash'; readonly exitCode: number }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'breakDevice'; readonly repairSeconds?: number }
);

/** A pod of a workload, by its slot in it. */
const podTarget = { workload: nameField, index: z.number().int().min(0).max(511).default(0) };

const faultEntry = strictSection({
  /** Counted from the start. */
  at: durationField,
  /** A device under the pod breaks: it turns unhealthy, and the pod ends with exit code 1. */
  breakDevice: strictSection({ ...podTarget, repairedAfter: durationField.optional() }).optional(),
  /** The pod's program ends with an error of its own making. */
  crash: strictSection({ ...podTarget, exitCode: countField(255).default(1) }).optional(),
  /** The node under the pod is drained, boots anew and comes back: planned work. */
  reboot: strictSection(podTarget).optional(),
}).transform(({ at, breakDevice, crash, reboot }, context): Fault => {
  const faults: Fault[] = [];
  if (crash !== undefined) faults.push({ kind: 'crash', atSeconds: at, ...crash });
  if (reboot !== undefined) faults.push({ kind: 'reboot', atSeconds: at, ...reboot });
  if (breakDevice !== undefined) {
    const { repairedAfter, ...target } = breakDevice;
    faults.push({
      kind: 'breakDevice',
      atSeconds: at,
      ...target,
      ...(repairedAfter !== undefined && { repairSeconds: repairedAfter }),
    });
  }
  const [fault, ...others] = faults;
  if (fault !== undefined && others.length === 0) return fault;
  context.addIssue({
    code: 'custom',
    message:
      'expected one of "breakDevice", "crash" and "reboot", such as { at: 90s, crash: { workload: train, index: 3 } }',
  });
  return z.NEVER;
});

const scriptSchema = strictSection({
  apiVersion: z.literal(SCRIPT_API_VERSION),
  kind: z.literal('FaultScript'),
  workloads: z.array(workloadEntry).min(1, { error: 'expected at least one workload' }),
  faults: z.array(faultEntry).default([]),
  /** Faults besides those of the script, per 1,000 nodes a day; see faults.ts for their kinds. */
  faultsPerThousandNodeDays: z.number().min(0).max(10_000).default(0),
  /**
   * Outages of whole racks besides, per rack and day, once chance goes on. Published rates lie between 5.6e-5 (Titan's
   * cabinets) and 1.5e-3 (Google 2008, 25 rack events a year in a cluster, of 45 racks): this is their middle.
   */
  rackOutagesPerRackDay: z.number().min(0).max(1).default(3e-4),
  /** How often each node is drained for planned work, once chance goes on; 0s: never. A judgement. */
  rebootEvery: durationField.prefault('30d'),
  topology: topologySection,
}).superRefine(({ workloads, faults }, context) => {
  workloads.forEach(({ name, kind, durationSeconds }, index) => {
    if (workloads.findIndex((other) => other.name === name) < index) {
      context.addIssue({
        code: 'custom',
        path: ['workloads', index, 'name'],
        message: `the workload "${name}" stands here a second time; give each its own name`,
      });
    }
    if (kind === 'jobs' && durationSeconds === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['workloads', index],
        message: 'jobs end by themselves; say after how long, such as duration: 20m',
      });
    }
  });
  faults.forEach((fault, index) => {
    const workload = workloads.find(({ name }) => name === fault.workload);
    if (workload === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['faults', index],
        message: `there is no workload "${fault.workload}"; the script has ${workloads.map(({ name }) => name).join(', ')}`,
      });
    } else if (fault.index >= workload.pods) {
      context.addIssue({
        code: 'custom',
        path: ['faults', index],
        message: `workload "${fault.workload}" has no index ${fault.index}; the highest is ${workload.pods - 1}`,
      });
    }
  });
});

export type FaultScript = z.output<typeof scriptSchema>;
export type WorkloadEntry = z.output<typeof workloadEntry>;

/** Reads a fault script; each problem is a sentence with file, line and key. */
export function parseScript(fileName: string, text: string): Parsed<FaultScript> {
  return parseStrictYaml(fileName, text, scriptSchema);
}
