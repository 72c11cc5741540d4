import { z } from 'zod';
import { type ConfigReader, combined, configDirectory } from '../certs/serving/config-directory.ts';
import { strictSection } from '../certs/serving/strict-yaml.ts';
import { installationSchema, WITHOUT_INSTALLATION } from './words/installation.ts';
import { type Mode, modeField } from './words/mode.ts';
import {
  CONFIG_API_VERSION,
  type DeviceProfile,
  profilesSchema,
  schedulerNameField,
} from './words/profile.ts';

/** webhook.yaml. */
export const webhookSchema = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Webhook'),
  /** `observe`: decide, count and say, but patch nothing. Absent: as surefoot.yaml says. */
  mode: modeField.optional(),
  /** Namespace name to mode, where it differs. */
  namespaces: z.record(z.string(), modeField).default({}),
  /** Scheduler of prepared pods that are with the default one, where their profile names none. */
  schedulerName: schedulerNameField.optional(),
  /** Prepared pods softly prefer nodes without a hazard label, where their profile does not say. */
  avoidHazard: z.boolean({ error: 'expected true or false' }).default(false),
  /** They softly prefer nodes that are marked as home of their slot, where their profile does not say. */
  preferHome: z.boolean({ error: 'expected true or false' }).default(false),
  /** Namespaces where somebody else says which tolerations a pod may have: none is added there. */
  tolerationsRestrictedIn: z.array(z.string()).default([]),
});

/** What the webhook goes by. */
export interface WebhookSettings {
  readonly profiles: readonly DeviceProfile[];
  readonly mode: Mode;
  readonly namespaces: Readonly<Record<string, Mode>>;
  readonly tolerationsRestrictedIn: readonly string[];
  readonly cluster?: string;
}

/** For who only asks what pods get: profiles.yaml is enough. */
export const WITHOUT_WEBHOOK = {
  ...WITHOUT_INSTALLATION,
  'webhook.yaml': `apiVersion: ${CONFIG_API_VERSION}\nkind: Webhook\n`,
};

/** How the webhook reads the configuration directory; `absent`: texts of files that may be missing. */
export function webhookDirectory(
  directory: string,
  absent: Readonly<Record<string, string>> = WITHOUT_INSTALLATION,
): ConfigReader<WebhookSettings> {
  const files = configDirectory(
    directory,
    {
      'profiles.yaml': profilesSchema,
      'webhook.yaml': webhookSchema,
      'surefoot.yaml': installationSchema,
    },
    absent,
  );
  return combined(files, (read) => {
    const { mode, schedulerName, avoidHazard, preferHome, namespaces, tolerationsRestrictedIn } =
      read['webhook.yaml'];
    const { cluster, mode: both } = read['surefoot.yaml'];
    return {
      profiles: read['profiles.yaml'].profiles.map((profile) => ({
        avoidHazard,
        preferHome,
        ...(schedulerName !== undefined && { schedulerName }),
        ...profile,
      })),
      mode: mode ?? both,
      namespaces,
      tolerationsRestrictedIn,
      ...(cluster !== undefined && { cluster }),
    };
  });
}
