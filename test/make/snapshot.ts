import { fleetRates } from '../../extender/hazard/rates.ts';
import { type ExtenderConfig, extenderSchema } from '../../extender/settings.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import type { makeIngest } from './ingest.ts';
import { makeProfile } from './profile.ts';

/** extender.yaml that says no more than it must, acting. */
export const ACTING: ExtenderConfig = {
  ...extenderSchema.parse({ apiVersion: 'config.surefoot.dev/v1alpha1', kind: 'Extender' }),
  mode: 'act',
};

/** What an answer is made from, of all that a ingest has taken in. */
export function makeSnapshot(
  { ingest, cluster, store, devices }: ReturnType<typeof makeIngest>,
  overrides: Partial<Snapshot> = {},
): Snapshot {
  const nowSeconds = overrides.nowSeconds ?? 0;
  return {
    cluster,
    store,
    homes: ingest.homes,
    pulls: ingest.pulls,
    runs: ingest.runs,
    devices,
    rates: overrides.rates ?? fleetRates([], nowSeconds),
    config: ACTING,
    profiles: [makeProfile()],
    nowSeconds,
    ...overrides,
  };
}
