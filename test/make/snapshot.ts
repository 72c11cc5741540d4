import { fleetRates } from '../../extender/hazard/rates.ts';
import type { Snapshot } from '../../extender/state/snapshot.ts';
import type { makeIngest } from './ingest.ts';

/** The facts of one moment that an engine has taken in, with rates of no experience. */
export function makeSnapshot(
  { engine }: Pick<ReturnType<typeof makeIngest>, 'engine'>,
  overrides: Partial<Snapshot> = {},
): Snapshot {
  const nowSeconds = overrides.nowSeconds ?? 0;
  return { ...engine.snapshot(nowSeconds), rates: fleetRates([], nowSeconds), ...overrides };
}
