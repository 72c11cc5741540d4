/** The constants of the hazard. */
export interface HazardConstants {
  /**
   * Faults per busy device-day of a fleet of which nothing is known, and faults per busy day that strike
   * a whole node.
   */
  readonly priorDeviceFaultsPerDay: number;
  readonly priorNodeFaultsPerDay: number;
  /** How many faults that prior counts for. */
  readonly fleetPriorFaults: number;
  /** A device is taken for one of its like until it has shown so many faults, or their absence. */
  readonly ownPriorFaults: number;
  /** A cohort is taken for the fleet until it has shown so many. */
  readonly cohortPriorFaults: number;
  /** Busy days after which a fault, or the proof of a day's work, counts half. */
  readonly halfLifeDays: number;
  /** The same for the rate of the whole fleet. */
  readonly fleetHalfLifeDays: number;
  /** A device's risk falls in steps, at these busy days after its last fault. */
  readonly recencyDays: readonly number[];
  /** By how much each step multiplies the rate until the fleet has taught its own, and the most it may. */
  readonly recencyPriorRatios: readonly number[];
  readonly recencyPriorFaults: number;
  readonly mostRecencyRatio: number;
}

/**
 * The constants that Surefoot ships, each with its origin. Those that are fitted were fitted by `npm run
 * fit` on the earlier part of two records: of LANL (LA-UR-05-7318) the first 60 % of what each system's
 * file spans, of Titan ("GPU Lifetimes on Titan Supercomputer", SC20) all but the last quarter. What else
 * was tried, and what they are worth on the later parts, stands in docs/hazard-2026-11.md.
 */
export const FITTED: HazardConstants = {
  // 6.5 faults per 1,000 days of a node with eight GPUs (Meta RSC-1, "Revisiting Reliability", HPCA 2025),
  // of which 58.7 % were the GPUs' and 78 % the hardware's (Llama 3, 2024, table 5).
  priorDeviceFaultsPerDay: (6.5 * 0.587) / 1000 / 8,
  priorNodeFaultsPerDay: (6.5 * (0.78 - 0.587)) / 1000,
  // A judgement: the first faults of one's own tell more than other people's fleets.
  fleetPriorFaults: 1,
  // Fitted: 1 to 3 rank alike; 2 is calibrated best on both records.
  ownPriorFaults: 2,
  // Fitted: 0.5 to 2 differ by 0.008 of AUC on Titan and, the other way, by 0.001 on LANL.
  cohortPriorFaults: 1,
  // Fitted: 180 to 730 rank alike.
  halfLifeDays: 365,
  // Fitted: 30 to 90 rank alike. Titan's rate rose fortyfold within two years: 90 follows it too slowly.
  fleetHalfLifeDays: 45,
  // A day, a week, a month, a quarter: finer steps rank no better on either record.
  recencyDays: [1, 7, 30, 90],
  // Between LANL, where nodes were repaired in place (60, 5, 2 and 1 times), and Titan, where a GPU that
  // stayed had no repair (some 290 in the first week, then 50 and 25): each fleet teaches its own.
  recencyPriorRatios: [100, 30, 30, 20],
  recencyPriorFaults: 1,
  // A judgement: no device is taken to be worse because it has just failed.
  mostRecencyRatio: 300,
};
