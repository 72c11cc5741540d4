import { type ExtenderConfig, extenderSchema } from '../../extender/settings.ts';

/** extender.yaml that says no more than it must, acting. */
export const ACTING: ExtenderConfig = {
  ...extenderSchema.parse({ apiVersion: 'config.surefoot.dev/v1alpha1', kind: 'Extender' }),
  mode: 'act',
};
