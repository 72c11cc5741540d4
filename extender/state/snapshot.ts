import type { DeviceProfile } from '../../webhook/words/profile.ts';
import type { RackOutageRates } from '../hazard/rack-outages.ts';
import type { FleetRates } from '../hazard/rates.ts';
import type { Homes } from '../homes/homes.ts';
import type { Runs } from '../homes/runs.ts';
import type { ExtenderConfig } from '../settings.ts';
import type { HistoryStore } from '../storage/store.ts';
import type { Cluster } from './cluster.ts';
import type { DynamicResources } from './dynamic-resources.ts';
import type { ImagePulls } from './image-pulls.ts';
import type { Owners } from './owners.ts';

/** The facts of one moment, from which all answers are made. Reading changes nothing. */
export interface Snapshot {
  readonly cluster: Cluster;
  readonly homes: Homes;
  readonly pulls: ImagePulls;
  readonly runs: Runs;
  readonly owners: Pick<Owners, 'slotsOf'>;
  readonly devices: Pick<DynamicResources, 'seen'>;
  readonly store: HistoryStore;
  readonly rates: FleetRates;
  readonly rackOutages: RackOutageRates;
  readonly config: ExtenderConfig;
  readonly profiles: readonly DeviceProfile[];
  readonly nowSeconds: number;
}
