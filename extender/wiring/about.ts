import type { Registry } from 'prom-client';
import { spanInWords } from '../../webhook/words/duration.ts';
import { inTurns } from '../bounds/in-turns.ts';
import { timeOf } from '../facts/timestamp.ts';
import { nodeSummary } from '../page/node-summary.ts';
import type { ShownAbout, ShownHealth } from '../page/shapes.ts';
import { placementIn } from '../report/fleet-report.ts';
import type { Context } from './context.ts';
import type { Program } from './program.ts';

/** The server ends each watch within 5 minutes; the alert SurefootWatchSilent goes by the same. */
const MOST_SILENT_SECONDS = 600;

const WEEK_SECONDS = 7 * 86_400;

/** What this replica says of itself and of the fleet, for `surefoot status`. */
export async function about(
  program: Program,
  context: Context,
  certificateEnds: () => Promise<Date | undefined>,
): Promise<ShownAbout> {
  const { engine } = program;
  const snapshot = engine.snapshot(context.nowSeconds());
  const nodes = await inTurns(engine.cluster.nodes(), (node) => nodeSummary(node, snapshot));
  const sum = (of: (node: (typeof nodes)[number]) => number) =>
    nodes.reduce((total, node) => total + of(node), 0);
  return {
    ...(await health(program, context, certificateEnds)),
    fleet: {
      nodes: nodes.length,
      devices: sum(({ devices }) => devices),
      bad: sum(({ bad }) => bad),
      elevated: nodes.filter(({ hazard }) => hazard === 'elevated').length,
      high: nodes.filter(({ hazard }) => hazard === 'high').length,
    },
  };
}

/** What this replica says of itself: looks at no node, so it can be asked again and again. */
export async function health(
  { leader, engine, placements, book, unprepared, watches, gates }: Program,
  { config, identity, registry, nowSeconds, version }: Context,
  certificateEnds: () => Promise<Date | undefined>,
): Promise<ShownHealth> {
  const { cluster } = engine;
  const now = nowSeconds();
  const heard = await samples(registry, 'surefoot_watch_last_heard_timestamp_seconds');
  const asked = await samples(registry, 'surefoot_prioritize_requests_total');
  const last = placements.lastQuestion;
  const { cluster: name, extender } = config.value;
  const missing = [leader, ...watches.checks].flatMap((check) => check.missing() ?? []);
  const kinds = heard
    .filter(({ value }) => value > 0)
    .map(({ labels, value }) => ({
      kind: String(labels.kind),
      // The gauge has this machine's time, which is not that of a built-in fleet.
      sinceSeconds: Math.max(0, Date.now() / 1000 - value),
    }));
  const silent = kinds
    .filter(({ sinceSeconds }) => sinceSeconds > MOST_SILENT_SECONDS)
    .map(
      ({ kind, sinceSeconds }) =>
        `the watch of ${kind} has heard nothing for ${spanInWords(sinceSeconds)}`,
    );
  const end = await certificateEnds();
  const expired =
    // Certificates go by the time of this machine, whatever that of a fleet is.
    end !== undefined && end.getTime() < Date.now()
      ? ['the certificate of the webhook has expired: no pod is prepared; see surefoot doctor']
      : [];
  return {
    at: timeOf(now),
    version,
    ...(name !== undefined && { cluster: name }),
    mode: extender.mode,
    identity,
    leads: engine.ingest.isLeader,
    problems: [
      ...missing,
      ...silent,
      ...expired,
      ...[placements.alarm(now)].filter((alarm) => alarm !== undefined),
    ],
    watches: kinds.map(({ kind, sinceSeconds }) => ({
      kind,
      heardAt: timeOf(now - sinceSeconds),
    })),
    ...(last !== undefined && {
      question: { at: timeOf(last.atSeconds), scheduler: last.scheduler },
    }),
    questions: asked.reduce((total, { value }) => total + value, 0),
    ...(end !== undefined && { certificateEndsAt: end.toISOString() }),
    placement: placementIn(book.days(), { fromSeconds: now - WEEK_SECONDS, nowSeconds: now }),
    pods: {
      devicePods: [...cluster.pods()].length,
      pending: [...cluster.pending()].length,
      gated: gates.gated.size,
      unprepared: unprepared.count,
    },
  };
}

interface Sample {
  readonly labels: Readonly<Partial<Record<string, string | number>>>;
  readonly value: number;
}

async function samples(registry: Registry, name: string): Promise<readonly Sample[]> {
  return (await registry.getSingleMetric(name)?.get())?.values ?? [];
}
