/** Which step of the recency a unit is in so many busy days after a fault. */
export function recencyStep(ageDays: number, steps: readonly number[]): number {
  const step = steps.findIndex((days) => ageDays < days);
  return step < 0 ? steps.length : step;
}

/** What is left of one after so long. */
export function halved(days: number, halfLifeDays: number): number {
  return 2 ** (-Math.max(0, days) / halfLifeDays);
}

/** Busy days that count, of so many up to now. */
export function decayedDays(busyDays: number, halfLifeDays: number): number {
  return (halfLifeDays / Math.LN2) * (1 - halved(busyDays, halfLifeDays));
}
