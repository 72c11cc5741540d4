import { z } from 'zod';
import { strictSection } from '../certs/serving/strict-yaml.ts';
import { modeField } from './words/mode.ts';
import { CONFIG_API_VERSION, profilesSchema } from './words/profile.ts';

/** webhook.yaml. */
export const webhookSchema = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Webhook'),
  /** `observe`: decide, count and say, but patch nothing. */
  mode: modeField,
  /** Namespace name to mode, where it differs. */
  namespaces: z.record(z.string(), modeField).default({}),
  /** Namespaces where somebody else says which tolerations a pod may have: none is added there. */
  tolerationsRestrictedIn: z.array(z.string()).default([]),
});

/** The files that the webhook reads of the configuration directory. */
export const webhookFiles = {
  'profiles.yaml': profilesSchema,
  'webhook.yaml': webhookSchema,
} as const;
