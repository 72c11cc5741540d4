import type { Expectations } from '../../webhook/words/expectations.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import type { ForecastInput, LossTerm } from '../forecast/loss-terms.ts';
import type { FleetRates } from '../hazard/rates.ts';
import { groupOf } from '../state/image-pulls.ts';
import type { Snapshot } from '../state/snapshot.ts';

/**
 * The contract of kept forecasts: what they depend on, and how a change is noticed. Whoever adds an input adds its row
 * here.
 */

/** How a change of an input is noticed. */
type NoticedBy =
  /** The node gets another version (`Cluster.bumpVersion`). */
  | 'version'
  /** `SharedInputs` compares it, once a question. */
  | 'comparison'
  /** `HomeForecasts` compares it for each node that is somebody's home. */
  | 'home'
  /** It is reckoned anew at each question: `GangDomains`. */
  | 'question'
  /** Nothing notices it: a forecast that depends on it is never kept. */
  | 'nothing';

/** Of each input: how its change is noticed, and who says that it has changed. */
export const FORECAST_INPUTS: Readonly<
  Record<ForecastInput, { readonly noticedBy: NoticedBy; readonly changedBy: string }>
> = {
  node: {
    noticedBy: 'version',
    changedBy: 'Cluster.setNode, unless the change is nothing to a forecast (isAlikeToForecasts)',
  },
  pods: { noticedBy: 'version', changedBy: 'Cluster.setPod and removePod' },
  history: {
    noticedBy: 'version',
    changedBy: 'Ingest, whenever the store says that a host changed',
  },
  pulls: { noticedBy: 'version', changedBy: 'the pods that wait for them' },
  images: {
    noticedBy: 'comparison',
    changedBy:
      'ImageIndex.stampOf, for what is true of an image anywhere; a node of its own by version',
  },
  bandwidth: {
    noticedBy: 'comparison',
    changedBy: 'ImagePulls, as it learns how fast a model pulls',
  },
  rates: { noticedBy: 'comparison', changedBy: 'RatesOfFleet, about once a minute' },
  wholeNodeSeconds: { noticedBy: 'comparison', changedBy: 'a new extender.yaml' },
  departures: { noticedBy: 'home', changedBy: 'Homes: each list of departures is a new one' },
  siblings: { noticedBy: 'question', changedBy: 'Gangs and Homes, as members come and go' },
  publishedDevices: {
    noticedBy: 'nothing',
    changedBy: 'ResourceSlices; only pods with claims read them',
  },
};

/** The hazard fades over hours, so a forecast of a node where nothing has happened may be this old. */
export const OLDEST_SECONDS = 120;
/** What a pull has brought grows by the second, and when a large group starts every node pulls. */
export const OLDEST_OF_A_PULL_SECONDS = 5;
/** Rates move in days, so a forecast may have been made with rates that are this old. */
const OLDEST_RATES_SECONDS = 180;

/** What of a pod its forecasts depend on, as one text; its slot decides only on homes. */
export function kindOf({ images, devices }: PodFacts, expectations: Expectations): string {
  const { durationSeconds, checkpointSeconds, restartSeconds, coldStartSeconds, deviceMatters } =
    expectations;
  return JSON.stringify([
    images,
    devices.resources,
    durationSeconds,
    checkpointSeconds,
    restartSeconds,
    coldStartSeconds,
    deviceMatters,
  ]);
}

/** Whether forecasts for the pod may be kept. */
export function mayBeKept({ devices }: PodFacts, terms: readonly LossTerm[]): boolean {
  if (devices.claims.length === 0) return true;
  return !terms.some(({ dependsOn }) =>
    dependsOn.some((input) => FORECAST_INPUTS[input].noticedBy === 'nothing'),
  );
}

/** How long a forecast of the node holds while its version stays the same, in seconds. */
export function holdsForSeconds(node: NodeFacts, { pulls }: Snapshot): number {
  return pulls.isPulling(node.name) ? OLDEST_OF_A_PULL_SECONDS : OLDEST_SECONDS;
}

/** What all forecasts of one kind of pods depend on, whichever the node, as it was when the first of them was made. */
export class SharedInputs {
  readonly rates: FleetRates;
  readonly #pod: Pick<PodFacts, 'images'>;
  readonly #sinceSeconds: number;
  readonly #wholeNodeSeconds: number;
  readonly #imageStamps: string;
  /** Bytes a second by kind of machine, as far as one was forecast. */
  readonly #bandwidth = new Map<string, number>();

  constructor(pod: Pick<PodFacts, 'images'>, snapshot: Snapshot) {
    this.#pod = pod;
    this.rates = snapshot.rates;
    this.#sinceSeconds = snapshot.nowSeconds;
    this.#wholeNodeSeconds = snapshot.config.wholeNodeSeconds;
    this.#imageStamps = imageStamps(pod, snapshot);
  }

  /** A forecast of this node is made: how fast its kind of machine pulls is relied on from now on. */
  reliesOn(node: NodeFacts, { pulls, config }: Snapshot): void {
    const group = groupOf(node);
    if (this.#bandwidth.has(group)) return;
    this.#bandwidth.set(group, pulls.bytesPerSecondIn(group, config.pullBytesPerSecond));
  }

  /** Whether they are still the same. */
  hold(snapshot: Snapshot): boolean {
    const { rates, nowSeconds, config } = snapshot;
    const areRecent =
      this.rates === rates || nowSeconds - this.#sinceSeconds < OLDEST_RATES_SECONDS;
    return (
      areRecent &&
      this.#wholeNodeSeconds === config.wholeNodeSeconds &&
      this.#imageStamps === imageStamps(this.#pod, snapshot) &&
      this.#pullAlike(snapshot)
    );
  }

  #pullAlike({ pulls, config }: Snapshot): boolean {
    return this.#bandwidth
      .entries()
      .every(
        ([group, bytesPerSecond]) =>
          pulls.bytesPerSecondIn(group, config.pullBytesPerSecond) === bytesPerSecond,
      );
  }
}

function imageStamps({ images }: Pick<PodFacts, 'images'>, { cluster }: Snapshot): string {
  return images.map((image) => cluster.images.stampOf(image)).join(' ');
}
