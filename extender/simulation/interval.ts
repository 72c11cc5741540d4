/** A mean and how far it may be off: the true one is within `half` of it with 95 % confidence. */
export interface Interval {
  readonly mean: number;
  /** Absent where there is one value only. */
  readonly half?: number;
}

/** 97.5 % quantiles of Student's t by degrees of freedom (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
const T_975 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145,
  2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048,
  2.045, 2.042,
];
/** Of more degrees of freedom than the table has: a little too wide. */
const T_MORE = 2.042;

/** The mean of values from independent seeds, by Student's t. */
export function intervalOf(values: readonly number[]): Interval {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const error = Math.sqrt(squares / (values.length - 1) / values.length);
  return { mean, half: error * (T_975[values.length - 2] ?? T_MORE) };
}

/** By which share of the mean of `before` the values of `after` differ, seed by seed; `undefined` where that mean is 0. */
export function changeOf(
  before: readonly number[],
  after: readonly number[],
): Interval | undefined {
  const { mean } = intervalOf(before);
  if (mean === 0) return undefined;
  return intervalOf(before.map((value, seed) => ((after[seed] ?? 0) - value) / mean));
}
