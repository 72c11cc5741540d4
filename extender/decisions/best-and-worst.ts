/** Forecasts kept from each end: 1,024 decisions then take some megabytes. */
const MOST = 8;

/** Positions of the smallest and the largest losses, the smallest first; all positions, where there are few. */
export function bestAndWorst(lossSeconds: Float64Array): readonly number[] {
  const order = (a: number, b: number) => (lossSeconds[a] as number) - (lossSeconds[b] as number);
  if (lossSeconds.length <= 2 * MOST) return [...lossSeconds.keys()].sort(order);
  // The loss of the last one kept: most others are skipped by this comparison alone.
  const best: number[] = [];
  let last = Number.POSITIVE_INFINITY;
  for (let index = 0; index < lossSeconds.length; index += 1) {
    if ((lossSeconds[index] as number) >= last) continue;
    keep(best, index, order);
    if (best.length === MOST) last = lossSeconds[best.at(-1) as number] as number;
  }
  // From the other end, so that none of several equal losses is in both.
  const worst: number[] = [];
  last = Number.NEGATIVE_INFINITY;
  for (let index = lossSeconds.length - 1; index >= 0; index -= 1) {
    if ((lossSeconds[index] as number) <= last) continue;
    keep(worst, index, (a, b) => order(b, a));
    if (worst.length === MOST) last = lossSeconds[worst.at(-1) as number] as number;
  }
  return [...best, ...worst.reverse()];
}

/** Inserts one in its order; the last one goes when there are more than the bound. */
function keep(first: number[], one: number, order: (a: number, b: number) => number): void {
  const at = first.findIndex((other) => order(one, other) < 0);
  first.splice(at < 0 ? first.length : at, 0, one);
  if (first.length > MOST) first.pop();
}
