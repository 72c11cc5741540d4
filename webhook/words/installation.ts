import { z } from 'zod';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { modeField } from './mode.ts';
import { CONFIG_API_VERSION } from './profile.ts';

/** surefoot.yaml: what holds for all of an installation. */
export const installationSchema = strictSection({
  apiVersion: z.literal(CONFIG_API_VERSION),
  kind: z.literal('Surefoot'),
  /** Of both halves, where webhook.yaml or extender.yaml does not say another one. */
  mode: modeField.default('observe'),
  /** What the cluster is called in metrics and reports, for those who have several. */
  cluster: z
    .string()
    .regex(/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/, {
      error:
        'expected a name of letters, digits, "-", "_" and ".", at most 63, such as "training-eu"',
    })
    .optional(),
});

/** What holds where there is no surefoot.yaml: before 0.2 there was none, and each half said its mode. */
export const WITHOUT_INSTALLATION = {
  'surefoot.yaml': `apiVersion: ${CONFIG_API_VERSION}\nkind: Surefoot\n`,
};
