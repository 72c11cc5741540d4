import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Verdict } from './judge.ts';
import { lemonOutcome, RSC_LIKE } from './lemons.ts';
import { SCORES } from './scores.ts';

const LEMON_SEEDS = 30;

/** Draws what the verdicts say into SVG files of a directory. */
export async function drawPlots(
  directory: string,
  verdicts: Readonly<Record<string, Verdict>>,
): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true });
  const plots = {
    'reliability.svg': reliability(verdicts),
    'gain-by-share.svg': gainByShare(verdicts),
    'lemons.svg': lemons(),
  };
  for (const [name, spec] of Object.entries(plots)) {
    const view = new View(parse(compile(spec).spec), { renderer: 'none' });
    await writeFile(join(directory, name), `${await view.toSVG()}\n`);
    view.finalize();
  }
  return Object.keys(plots);
}

const LOOK = {
  $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
  background: 'white',
  config: { font: 'sans-serif', axis: { grid: true, gridOpacity: 0.4 } },
} as const;

/** Tenths of the predicted failures: a perfect forecast lies on the diagonal. */
function reliability(verdicts: Readonly<Record<string, Verdict>>): TopLevelSpec {
  const values = Object.entries(verdicts).flatMap(([record, { calibration }]) =>
    calibration.reliability
      .filter(({ observed }) => observed > 0)
      .map((bin) => ({ record, ...bin })),
  );
  const ends = values.flatMap(({ predicted, observed }) => [predicted, observed]);
  const diagonal = [Math.min(...ends), Math.max(...ends)].map((end) => ({ end }));
  const axis = { type: 'quantitative', scale: { type: 'log' } } as const;
  return {
    ...LOOK,
    title: 'Chance of a failure within 7 days: said and come',
    width: 420,
    height: 420,
    layer: [
      {
        data: { values: diagonal },
        mark: { type: 'line', strokeDash: [4, 4], color: 'gray' },
        encoding: { x: { field: 'end', ...axis }, y: { field: 'end', ...axis } },
      },
      {
        data: { values },
        mark: { type: 'line', point: true },
        encoding: {
          x: { field: 'predicted', ...axis, title: 'predicted', axis: { format: '.2~%' } },
          y: { field: 'observed', ...axis, title: 'observed', axis: { format: '.2~%' } },
          color: { field: 'record', type: 'nominal' },
        },
      },
    ],
  };
}

/** What a job on part of the fleet is spared by taking the nodes of the least hazard. */
function gainByShare(verdicts: Readonly<Record<string, Verdict>>): TopLevelSpec {
  const values = Object.entries(verdicts).flatMap(([record, { gangCurve }]) =>
    gangCurve.flatMap(({ share, avoided }) =>
      SCORES.filter((score) => score !== 'none').map((score) => ({
        record,
        share,
        score,
        avoided: avoided[score],
      })),
    ),
  );
  return {
    ...LOOK,
    title: 'Failures that a job avoids, by the share of the nodes that it takes',
    data: { values },
    facet: { column: { field: 'record', type: 'nominal', title: null } },
    spec: {
      width: 320,
      height: 280,
      mark: { type: 'line' },
      encoding: {
        x: {
          field: 'share',
          type: 'quantitative',
          title: 'share of the nodes',
          axis: { format: '.0%' },
        },
        y: {
          field: 'avoided',
          type: 'quantitative',
          title: 'failures avoided',
          axis: { format: '.0%' },
        },
        color: { field: 'score', type: 'nominal', sort: [...SCORES] },
      },
    },
  };
}

/** A fleet with 1.2 % lemons from a cold start, with and without memory. */
function lemons(): TopLevelSpec {
  const kinds = [
    { name: 'no memory', remembers: false, misleading: 0 },
    { name: 'Surefoot', remembers: true, misleading: 0 },
    {
      name: 'Surefoot, every other failure blames an innocent node',
      remembers: true,
      misleading: 1,
    },
  ];
  const values = kinds.flatMap(({ name, remembers, misleading }) =>
    lemonDays({ remembers, misleading }).map((failed, day) => ({ name, day: day + 1, failed })),
  );
  return {
    ...LOOK,
    title: 'Large jobs that fail on a fleet with 24 lemons among 2,000 nodes',
    width: 420,
    height: 280,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'day', type: 'ordinal', title: 'day' },
      y: {
        field: 'failed',
        type: 'quantitative',
        title: 'jobs that fail',
        axis: { format: '.0%' },
      },
      color: {
        field: 'name',
        type: 'nominal',
        title: null,
        legend: { orient: 'bottom', columns: 1, labelLimit: 400 },
      },
    },
  };
}

/** Share of the jobs that fail on each day, on average over the seeds. */
export function lemonDays(of: {
  readonly remembers: boolean;
  readonly misleading: number;
}): readonly number[] {
  const runs = Array.from({ length: LEMON_SEEDS }, (_none, seed) =>
    lemonOutcome({ ...RSC_LIKE, misleading: of.misleading }, of.remembers, seed + 1),
  );
  return Array.from(
    { length: RSC_LIKE.days },
    (_none, day) =>
      runs.reduce((sum, { failedByDay }) => sum + (failedByDay[day] as number), 0) / runs.length,
  );
}
