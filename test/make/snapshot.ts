import { fleetRates } from '../../extender/hazard/rates.ts';
import { Boards } from '../../extender/prioritize/forecast-cache.ts';
import { type ExtenderConfig, extenderSchema } from '../../extender/settings.ts';
import type { View } from '../../extender/state/snapshot.ts';
import type { makeHistorian } from './ingest.ts';
import { makeProfile } from './profile.ts';

/** extender.yaml that says no more than it must, acting. */
export const ACTING: ExtenderConfig = {
  ...extenderSchema.parse({ apiVersion: 'config.surefoot.dev/v1alpha1', kind: 'Extender' }),
  mode: 'act',
};

/** What an answer is made from, of all that a historian has taken in. */
export function makeView(
  { historian, cluster, store, devices }: ReturnType<typeof makeHistorian>,
  overrides: Partial<View> = {},
): View {
  const nowSeconds = overrides.nowSeconds ?? 0;
  return {
    cluster,
    store,
    homes: historian.homes,
    pulls: historian.pulls,
    runs: historian.runs,
    boards: overrides.boards ?? new Boards(),
    devices,
    rates: overrides.rates ?? fleetRates([], nowSeconds),
    config: ACTING,
    profiles: [makeProfile()],
    nowSeconds,
    ...overrides,
  };
}
