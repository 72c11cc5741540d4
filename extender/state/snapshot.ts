import type { DeviceProfile } from '../../webhook/words/profile.ts';
import type { FleetRates } from '../hazard/rates.ts';
import type { Homes } from '../homes/homes.ts';
import type { Runs } from '../homes/runs.ts';
import type { Boards } from '../prioritize/forecast-cache.ts';
import type { ExtenderConfig } from '../settings.ts';
import type { HistoryStore } from '../storage/store.ts';
import type { Cluster } from './cluster.ts';
import type { DynamicResources } from './dra.ts';
import type { Pulls } from './image-pulls.ts';

/** All that an answer is made from; asking changes nothing here but which forecasts are kept. */
export interface View {
  readonly cluster: Cluster;
  readonly homes: Homes;
  readonly pulls: Pulls;
  readonly runs: Runs;
  readonly devices: Pick<DynamicResources, 'seen'>;
  readonly store: HistoryStore;
  /** Forecasts that hold for more than one pod. */
  readonly boards: Boards;
  readonly rates: FleetRates;
  readonly config: ExtenderConfig;
  readonly profiles: readonly DeviceProfile[];
  readonly nowSeconds: number;
}
