import { spanInWords } from '../../webhook/words/duration.ts';
import { bytesInWords } from '../../webhook/words/quantity.ts';
import { incidentInWords } from '../forecast/evidence.ts';
import { badCohortInWords } from '../forecast/hazard-words.ts';
import type { Forecast } from '../forecast/loss.ts';
import { hazardClass } from '../hazard/pod-hazard.ts';
import { noteOf, type WrittenEvent } from './event-writer.ts';
import type { Decision } from './record.ts';

/** Nobody notices a smaller difference. */
const WORTH_TELLING_SECONDS = 5;

/**
 * `placed on gpu-7: home, 11.2 GiB cached; passed over gpu-3: XID 79, on GPU-3f2c, 2 days ago`. `undefined`
 * where all candidates cost the pod about the same. Never mentions another workload.
 */
export function placementEvent(decision: Decision): WrittenEvent | undefined {
  const { forecasts, bound, atSeconds } = decision;
  const chosen = forecasts.find(({ candidate }) => candidate.node === bound?.node);
  const [best] = forecasts;
  const worst = forecasts.at(-1);
  if (chosen === undefined || best === undefined || worst === undefined) return undefined;
  if (worst.lossSeconds - best.lossSeconds < WORTH_TELLING_SECONDS) return undefined;
  const { node } = chosen.candidate;
  const avoided = avoidedFor(chosen, forecasts);
  const passedOver =
    avoided === undefined
      ? ''
      : `; passed over ${avoided.candidate.node}: ${badInWords(avoided, atSeconds)}`;
  const told = (reason: WrittenEvent['reason'], words: string): WrittenEvent => ({
    reason,
    type: reason === 'OnlyFlakyNodesLeft' ? 'Warning' : 'Normal',
    note: noteOf(`placed on ${node}: ${words}`),
  });
  if (forecasts.every(isHigh)) {
    const left = `only nodes with a bad history are left; here ${badInWords(chosen, atSeconds)}`;
    return told('OnlyFlakyNodesLeft', left);
  }
  const more = chosen.lossSeconds - best.lossSeconds;
  if (more >= WORTH_TELLING_SECONDS) {
    const words = `${best.candidate.node} would have cost it ${spanInWords(more)} less, but the scheduler's other rules decided`;
    return told('PlacedElsewhere', words);
  }
  if (chosen.candidate.homeSinceSeconds !== undefined) {
    return told('PreferredPreviousNode', `${merits(chosen)}${passedOver}`);
  }
  return avoided === undefined
    ? told('PreferredWarmNode', merits(chosen))
    : told('AvoidedFlakyNode', `${merits(chosen)}${passedOver}`);
}

/** The pod's home if its risk is higher, else the node of the highest risk. */
function avoidedFor(chosen: Forecast, forecasts: readonly Forecast[]): Forecast | undefined {
  return forecasts
    .filter((one) => one.seconds.risk - chosen.seconds.risk >= WORTH_TELLING_SECONDS)
    .toSorted(
      (a, b) => Number(isHome(b)) - Number(isHome(a)) || b.seconds.risk - a.seconds.risk,
    )[0];
}

function isHome({ candidate }: Forecast): boolean {
  return candidate.homeSinceSeconds !== undefined;
}

function isHigh({ candidate }: Forecast): boolean {
  return hazardClass(candidate.hazard.times) === 'high';
}

/** `home, 11.2 GiB cached`. */
function merits(forecast: Forecast): string {
  const { candidate, seconds } = forecast;
  const cachedBytes = candidate.presentBytes + candidate.arrivedBytes;
  const words = [
    ...(isHome(forecast) ? ['home'] : []),
    ...(cachedBytes > 0 ? [`${bytesInWords(cachedBytes)} cached`] : []),
    ...(candidate.missingBytes > 0
      ? [`${bytesInWords(candidate.missingBytes)} to pull in about ${spanInWords(seconds.pull)}`]
      : []),
  ];
  return words.length === 0 ? 'the least seconds to lose' : words.join(', ');
}

/** `XID 79, on GPU-3f2c, 2 days ago`. */
function badInWords({ candidate, seconds }: Forecast, nowSeconds: number): string {
  const [worst] = candidate.incidents;
  if (worst !== undefined) return incidentInWords(worst, nowSeconds);
  return badCohortInWords(candidate.hazard) ?? `${spanInWords(seconds.risk)} at risk`;
}
