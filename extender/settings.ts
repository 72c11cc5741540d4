import { z } from 'zod';
import { type ConfigReader, combined, configDirectory } from '../certs/serving/config-directory.ts';
import { strictSection } from '../certs/serving/strict-yaml.ts';
import { installationSchema, WITHOUT_INSTALLATION } from '../webhook/words/installation.ts';
import { type Mode, modeField } from '../webhook/words/mode.ts';
import {
  CONFIG_API_VERSION,
  type DeviceProfile,
  durationField,
  profilesSchema,
  sizeField,
} from '../webhook/words/profile.ts';
import { topologySection } from './facts/topology.ts';
import { prometheusSection } from './prometheus/settings.ts';
import { catalogueSection } from './signals/catalogue.ts';

/** extender.yaml, as written. */
const extenderEntry = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Extender'),
  /** `observe`: forecast and record, but give the scheduler no opinion. Absent: as surefoot.yaml says. */
  mode: modeField.optional(),
  /** Namespace name to mode, where it differs. */
  namespaces: z.record(z.string(), modeField).default({}),
  /**
   * The loss that costs a node half of the extender's 500 points. With 30 s a cold start of 20 s
   * weighs about 185, as much as one default plugin of weight 2.
   */
  halving: durationField
    .refine((seconds) => seconds > 0, { error: 'expected more than 0s; write one such as "30s"' })
    .prefault('30s'),
  /**
   * What a node pulls in a second, until it is learned. A 10 GB image takes 4 to 5 minutes by
   * vendors' figures (Union.ai), which is 35 to 40 MiB/s.
   */
  pullBandwidth: sizeField('100Mi').prefault('40Mi'),
  /**
   * What it costs others when a pod that needs only some of a node's devices takes a node of which all are
   * free: whole-node pods then have one node less to go to. For fleets that run both, and pack.
   */
  wholeNode: durationField.prefault('0s'),
  /** What nodes share, the finest first, and what it costs a gang to be in more of them than it has to be. */
  topology: topologySection,
  /** `sparse`: signed, only what differs. `documented`: 0 to 10 for every node. */
  scores: z.enum(['sparse', 'documented']).default('sparse'),
  /** Whether a pod's owner is told by an Event why the pod is where it is, in namespaces that act. */
  events: z.boolean({ error: 'expected true or false' }).default(true),
  /** Whether a scheduler asks the extender; false where none does, so that this is no alarm. */
  asked: z.boolean({ error: 'expected true or false' }).default(true),
  /** Marks on nodes for schedulers that do not ask us: mode C. */
  hints: strictSection({
    /** The label surefoot.dev/hazard, `elevated` or `high`, and an annotation that says why. */
    label: z.boolean({ error: 'expected true or false' }).default(false),
    /** A label for each slot that is away, on the node that is its home. */
    homes: z.boolean({ error: 'expected true or false' }).default(false),
    /** Also a taint of that name, PreferNoSchedule, on nodes of high hazard. */
    taint: z.boolean({ error: 'expected true or false' }).default(false),
    /** The most of the nodes that may be marked, in percent. */
    mostPercent: z
      .number({ error: 'expected a number of percent, such as 10' })
      .min(0, { error: 'expected from 0 to 50' })
      .max(50, { error: 'expected from 0 to 50: a mark on most nodes says nothing' })
      .default(10),
  })
    .superRefine(({ label, taint }, context) => {
      if (taint && !label) {
        context.addIssue({
          code: 'custom',
          path: ['taint'],
          message: 'the taint goes with the label; write label: true, too',
        });
      }
    })
    .prefault({}),
  /** A Prometheus that is asked for signs of faults. */
  prometheus: prometheusSection.optional(),
  /** Rows and codes beside those of signals/catalogue.yaml, or in the place of one of the same name. */
  catalogue: catalogueSection.prefault({}),
});

/** extender.yaml, read: quantities carry their unit in the name. */
export const extenderSchema = extenderEntry.transform(
  ({ halving, pullBandwidth, wholeNode, ...rest }) => ({
    ...rest,
    halvingSeconds: halving,
    pullBytesPerSecond: pullBandwidth,
    wholeNodeSeconds: wholeNode,
  }),
);

export type ExtenderConfig = Omit<z.output<typeof extenderSchema>, 'mode'> & {
  readonly mode: Mode;
};

/** What the extender goes by. */
export interface ExtenderSettings {
  readonly profiles: readonly DeviceProfile[];
  readonly extender: ExtenderConfig;
  readonly cluster?: string;
}

/** How the extender reads the configuration directory. */
export function extenderDirectory(directory: string): ConfigReader<ExtenderSettings> {
  const files = configDirectory(
    directory,
    {
      'profiles.yaml': profilesSchema,
      'extender.yaml': extenderSchema,
      'surefoot.yaml': installationSchema,
    },
    WITHOUT_INSTALLATION,
  );
  return combined(files, (read) => {
    const { mode, ...extender } = read['extender.yaml'];
    const { cluster, mode: both } = read['surefoot.yaml'];
    return {
      profiles: read['profiles.yaml'].profiles,
      extender: { ...extender, mode: mode ?? both },
      ...(cluster !== undefined && { cluster }),
    };
  });
}
