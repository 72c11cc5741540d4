import type { Forecast } from '../forecast/loss.ts';
import type { Placement } from '../savings/placement-sums.ts';
import type { Decision } from './record.ts';

/** What a pod's placement came to; `undefined` where nothing was forecast, or not for where it is. */
export function placementOf({ offer, bound, forecasts, mode }: Decision): Placement | undefined {
  const [best] = forecasts;
  const there = forecasts.find(({ candidate }) => candidate.node === bound?.node);
  if (offer === undefined || bound === undefined) return undefined;
  if (best === undefined || there === undefined) return undefined;
  const { devices, averageLossSeconds, hasHome } = offer;
  const chosen = mode === 'act' ? there : best;
  const otherwiseSeconds = mode === 'act' ? averageLossSeconds : there.lossSeconds;
  const saved = Math.round((otherwiseSeconds - chosen.lossSeconds) * devices);
  return {
    atSeconds: bound.atSeconds,
    mode,
    sums: {
      placed: 1,
      hadHome: Number(hasHome),
      wentHome: Number(hasHome && isHome(chosen)),
      savedDeviceSeconds: saved,
      savedSquares: saved ** 2,
    },
  };
}

function isHome({ candidate }: Forecast): boolean {
  return candidate.homeSinceSeconds !== undefined;
}
