/** Which hosts a prediction is about: by what became of the device that failed last. */
export const STRATA = ['neverFailed', 'kept', 'swapped', 'all'] as const;
export type StratumName = (typeof STRATA)[number];

/** Hosts and weeks that were predicted, and what came. */
export interface Stratum {
  hostWeeks: number;
  predicted: number;
  failed: number;
}

export type Strata = Readonly<Record<StratumName, Stratum>>;

/** One host in one week: the chance of a failure that was said, and whether it came. */
export interface Ranked {
  readonly predicted: number;
  readonly fails: boolean;
}

export interface Calibration {
  /** Failures predicted over failures that came. */
  readonly strata: Readonly<
    Record<StratumName, Readonly<Stratum> & { readonly ratio: number | undefined }>
  >;
  /** Hosts and weeks in tenths of what was predicted, from the least: what was said, and what came. */
  readonly reliability: readonly {
    readonly hostWeeks: number;
    readonly predicted: number;
    readonly observed: number;
  }[];
  /** Share of the flagged that fail, where the worst are flagged until so many of the failures are in. */
  readonly precisionAtRecall: readonly { readonly recall: number; readonly precision: number }[];
}

/** Shares of the failures at which the rule of counting failures within 28 days was judged before. */
const RECALLS = [0.011, 0.023, 0.051, 0.16] as const;
const BINS = 10;

export function noStrata(): Strata {
  const none = (): Stratum => ({ hostWeeks: 0, predicted: 0, failed: 0 });
  return { neverFailed: none(), kept: none(), swapped: none(), all: none() };
}

export function addTo(
  strata: Strata,
  isKept: boolean | undefined,
  predicted: number,
  fails: boolean,
): void {
  const own = isKept === undefined ? strata.neverFailed : isKept ? strata.kept : strata.swapped;
  for (const stratum of [own, strata.all]) {
    stratum.hostWeeks += 1;
    stratum.predicted += predicted;
    stratum.failed += Number(fails);
  }
}

export function calibrationOf(
  judged: readonly { readonly strata: Strata; readonly ranked: readonly Ranked[] }[],
): Calibration {
  const strata = noStrata();
  for (const one of judged) {
    for (const name of STRATA) {
      strata[name].hostWeeks += one.strata[name].hostWeeks;
      strata[name].predicted += one.strata[name].predicted;
      strata[name].failed += one.strata[name].failed;
    }
  }
  const ranked = judged.flatMap((one) => one.ranked).sort((a, b) => b.predicted - a.predicted);
  const withRatio = (stratum: Stratum) => ({
    ...stratum,
    ratio: stratum.failed === 0 ? undefined : stratum.predicted / stratum.failed,
  });
  return {
    strata: {
      neverFailed: withRatio(strata.neverFailed),
      kept: withRatio(strata.kept),
      swapped: withRatio(strata.swapped),
      all: withRatio(strata.all),
    },
    reliability: reliabilityOf(ranked.toReversed()),
    precisionAtRecall: RECALLS.map((recall) => ({
      recall,
      precision: precisionAt(ranked, recall),
    })),
  };
}

/** Tenths by what was predicted in all, so that each says as much: the last are few and bad. */
function reliabilityOf(ascending: readonly Ranked[]): Calibration['reliability'] {
  const total = ascending.reduce((sum, { predicted }) => sum + predicted, 0);
  const bins = Array.from({ length: BINS }, () => ({ hostWeeks: 0, predicted: 0, failed: 0 }));
  let sum = 0;
  for (const { predicted, fails } of ascending) {
    const bin = bins[Math.min(BINS - 1, Math.floor((sum / total) * BINS))];
    sum += predicted;
    if (bin === undefined) continue;
    bin.hostWeeks += 1;
    bin.predicted += predicted;
    bin.failed += Number(fails);
  }
  return bins
    .filter(({ hostWeeks }) => hostWeeks > 0)
    .map(({ hostWeeks, predicted, failed }) => ({
      hostWeeks,
      predicted: predicted / hostWeeks,
      observed: failed / hostWeeks,
    }));
}

/** Equals are flagged together. */
function precisionAt(descending: readonly Ranked[], recall: number): number {
  const wanted = recall * descending.filter(({ fails }) => fails).length;
  let failing = 0;
  for (const [index, { predicted, fails }] of descending.entries()) {
    failing += Number(fails);
    const isLastOfEquals = descending[index + 1]?.predicted !== predicted;
    if (failing >= wanted && isLastOfEquals) return failing / (index + 1);
  }
  return 0;
}
