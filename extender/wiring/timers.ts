import type { Leader } from '../ingest/leader.ts';
import type { Context } from './context.ts';
import type { Engine } from './engine.ts';
import type { ExtenderOptions } from './options.ts';
import type { Program } from './program.ts';

/** How often homes that have ended are dropped. */
const PRUNE_INTERVAL_MS = 60_000;
/** How often the hazard labels of nodes are looked at again, where they are wanted. */
const HAZARD_LABELS_INTERVAL_MS = 5000;
/** How often states that wait are looked at again, and common causes looked for. */
const TICK_INTERVAL_MS = 1000;

/** How often it is noted which hosts have a raised hazard; reports go by days. */
const RAISED_INTERVAL_MS = 600_000;
/** How often Prometheus is asked; exporters are scraped as often. */
const PROMETHEUS_INTERVAL_MS = 30_000;
/** How often the sums of placements are written, and those of other replicas read. */
const PLACEMENTS_INTERVAL_MS = 300_000;
/** How often pods that came in unprepared are looked for. */
const UNPREPARED_INTERVAL_MS = 10_000;
/** How often gates that nobody has lifted in time are looked for. */
const OVERDUE_INTERVAL_MS = 5000;

/** Starts what is done again and again; call what it returns to end it. */
export function startTimers(
  {
    engine,
    leader,
    placements,
    book,
    raisedHosts,
    unprepared,
    gates,
    hazardLabels,
    homeLabels,
    prometheus,
  }: Program,
  { nowSeconds, log }: Context,
  { tickMs = TICK_INTERVAL_MS, gates: givesWord }: Pick<ExtenderOptions, 'tickMs' | 'gates'>,
): () => void {
  let alarm: string | undefined;
  const timers = [
    setInterval(() => {
      void prune(engine, leader, nowSeconds());
      const before = alarm;
      alarm = placements.alarm(nowSeconds());
      if (before === undefined && alarm !== undefined) log.warn(alarm);
    }, PRUNE_INTERVAL_MS),
    setInterval(() => {
      engine.tick(nowSeconds());
      void homeLabels.round();
      gates.lifter.tick();
      if (givesWord) void gates.canLift.round();
    }, tickMs),
    setInterval(() => void raisedHosts.round(), RAISED_INTERVAL_MS),
    setInterval(() => void book.round(), PLACEMENTS_INTERVAL_MS),
    setInterval(() => void prometheus.round(), PROMETHEUS_INTERVAL_MS),
    setInterval(() => unprepared.round(), UNPREPARED_INTERVAL_MS),
    setInterval(() => void gates.overdue.round(), OVERDUE_INTERVAL_MS),
    setInterval(() => void hazardLabels.round(), HAZARD_LABELS_INTERVAL_MS),
  ];
  return () => {
    for (const timer of timers) clearInterval(timer);
    gates.lifter.stop();
  };
}

/** Drops what has ended, unless this machine's clock is wrong: by a wrong clock, everything would have ended. */
export async function prune(
  { ingest }: Pick<Engine, 'ingest'>,
  leader: Pick<Leader, 'confirms'>,
  nowSeconds: number,
): Promise<void> {
  if (await leader.confirms(nowSeconds)) ingest.prune(nowSeconds);
}
