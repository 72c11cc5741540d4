/** Of a normal law, the value that 99 % stay below. */
const NORMAL_99 = 2.326;

/** The least count that a Poisson variable of this mean does not exceed with a probability of 99 %. */
export function poissonQuantile99(mean: number): number {
  let term = Math.exp(-mean);
  // So large a mean that the first term vanishes: there the normal law is exact enough.
  if (term === 0) return Math.ceil(mean + NORMAL_99 * Math.sqrt(mean));
  let sum = term;
  let count = 0;
  while (sum < 0.99) {
    count += 1;
    term *= mean / count;
    sum += term;
  }
  return count;
}
