import type { Forecast } from '../forecast/loss.ts';

/** Rows of a decision that a person wants to see, beside the best one. */
const TELLING = 5;

/**
 * The forecasts that tell why: where the pod went, the best, its homes, the riskiest, and the next
 * best ones as far as there is room; best first.
 */
export function tellingForecasts({
  forecasts,
  bound,
}: {
  readonly forecasts: readonly Forecast[];
  readonly bound?: { readonly node: string };
}): readonly Forecast[] {
  const [best] = forecasts;
  const chosen = forecasts.find(({ candidate }) => candidate.node === bound?.node);
  const homes = forecasts.filter(({ candidate }) => candidate.homeSinceSeconds !== undefined);
  const riskiest = forecasts.reduce<Forecast | undefined>(
    (most, one) => (one.seconds.risk > (most?.seconds.risk ?? 0) ? one : most),
    undefined,
  );
  const wanted = new Set([chosen, best, ...homes.slice(0, 2), riskiest, ...forecasts]);
  wanted.delete(undefined);
  const first = new Set([...wanted].slice(0, TELLING));
  return forecasts.filter((one) => first.has(one));
}
