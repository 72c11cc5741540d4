import TinyQueue from 'tinyqueue';
import type { DrainedJob, DrainedNode } from '../../../extender/drains/drain-advice.ts';
import { Random } from '../../../extender/fleet/random.ts';
import type { JobKind } from './fleets.ts';

/**
 * Nodes of eight devices that are always asked for more than they have. A device that breaks takes its job down and
 * stays broken until its node is taken: by the rule, or by the round of maintenance that takes every node.
 */

const DAY_SECONDS = 86_400;
const DEVICES = 8;
/** NVIDIA's remediation requests, 2024: 19 per 1,000 nodes a day. */
const FAULTS_PER_NODE_DAY = 19 / 1000;
/** Jobs that wait and are looked at for room. */
const BACKLOG = 12;

export interface Terms {
  readonly nodes: number;
  readonly days: number;
  readonly takesSeconds: number;
  readonly staysSeconds: number;
}

/** What to do with a node that has a broken device: take it now, let nothing new start there, or let it be. */
export type Rule = (node: DrainedNode) => 'take' | 'cordon' | 'let be';

interface Node {
  readonly name: string;
  broken: number;
  isCordoned: boolean;
  isDown: boolean;
  used: number;
  readonly jobs: Set<Job>;
}

interface Job {
  readonly kind: JobKind;
  /** How long it works in all; infinite for a server. */
  readonly durationSeconds: number;
  /** Work that is kept. */
  keptSeconds: number;
  nodes: readonly Node[];
  /** When work goes on after its last start. */
  worksFromSeconds: number;
  /** Rises with each start: an end that was foreseen before it is none. */
  starts: number;
}

interface Happening {
  readonly atSeconds: number;
  readonly run: () => void;
}

/** Device-seconds of work that were done and kept, as a share of all that the fleet has. */
export function lived(
  kinds: readonly JobKind[],
  seed: number,
  { nodes: count, days, takesSeconds, staysSeconds }: Terms,
  rule: Rule | 'no faults',
): number {
  const random = (stream: string) => new Random(seed, stream);
  const [ends, picks] = [random('ends'), random('picks')];
  const queue = new TinyQueue<Happening>([], (a, b) => a.atSeconds - b.atSeconds);
  const untilSeconds = days * DAY_SECONDS;
  const nodes: readonly Node[] = Array.from({ length: count }, (_none, at) => ({
    name: `node-${at}`,
    broken: 0,
    isCordoned: false,
    isDown: false,
    used: 0,
    jobs: new Set<Job>(),
  }));
  const placed = new Map<JobKind, number>(kinds.map((kind) => [kind, 0]));
  let waiting: Job[] = [];
  let now = 0;
  let useful = 0;

  const at = (atSeconds: number, run: () => void) => queue.push({ atSeconds, run });
  const free = (node: Node) =>
    node.isDown || node.isCordoned ? 0 : DEVICES - node.broken - node.used;

  const workedSeconds = (job: Job) =>
    Math.min(job.durationSeconds - job.keptSeconds, Math.max(0, now - job.worksFromSeconds));

  const leave = (job: Job) => {
    for (const node of job.nodes) {
      node.jobs.delete(job);
      node.used -= job.kind.devicesPerNode;
    }
    placed.set(job.kind, (placed.get(job.kind) ?? 0) - devicesOf(job.kind));
  };
  const keep = (job: Job, seconds: number) => {
    job.keptSeconds += seconds;
    useful += seconds * devicesOf(job.kind);
  };
  const interrupt = (job: Job) => {
    leave(job);
    keep(job, keptOf(job.kind, workedSeconds(job)));
    waiting.unshift(job);
  };

  const start = (job: Job, on: readonly Node[]) => {
    job.nodes = on;
    job.starts += 1;
    job.worksFromSeconds = now + job.kind.restartSeconds;
    for (const node of on) {
      node.jobs.add(job);
      node.used += job.kind.devicesPerNode;
    }
    placed.set(job.kind, (placed.get(job.kind) ?? 0) + devicesOf(job.kind));
    const { starts } = job;
    const endsAt = job.worksFromSeconds + job.durationSeconds - job.keptSeconds;
    if (!Number.isFinite(endsAt)) return;
    at(endsAt, () => {
      if (job.starts !== starts || !job.nodes[0]?.jobs.has(job)) return;
      keep(job, job.durationSeconds - job.keptSeconds);
      leave(job);
      settle(job.nodes);
    });
  };

  /** The fullest nodes that have room for it; `undefined` where there are too few. */
  const room = ({ devicesPerNode, nodes: wanted }: JobKind): readonly Node[] | undefined => {
    const byFree: Node[][] = Array.from({ length: DEVICES + 1 }, () => []);
    for (const node of nodes) byFree[Math.max(0, free(node))]?.push(node);
    const fits = byFree.slice(devicesPerNode).flat();
    return fits.length < wanted ? undefined : fits.slice(0, wanted);
  };
  /** Starts what has room; of a kind that has none no further one is tried. */
  const place = (jobs: readonly Job[]): Job[] => {
    const hopeless = new Set<JobKind>();
    return jobs.filter((job) => {
      const on = hopeless.has(job.kind) ? undefined : room(job.kind);
      if (on === undefined) hopeless.add(job.kind);
      else start(job, on);
      return on === undefined;
    });
  };
  /** A new job of the kind that has least of its share. */
  const fresh = (): Job => {
    const asked = Map.groupBy(waiting, ({ kind }) => kind);
    const has = (kind: JobKind) =>
      ((placed.get(kind) ?? 0) + (asked.get(kind)?.length ?? 0) * devicesOf(kind)) / kind.share;
    const kind = kinds.reduce((least, one) => (has(one) < has(least) ? one : least));
    const { durationSeconds } = kind;
    return {
      kind,
      durationSeconds:
        durationSeconds === undefined
          ? Number.POSITIVE_INFINITY
          : ends.waitSeconds(durationSeconds),
      keptSeconds: 0,
      nodes: [],
      worksFromSeconds: 0,
      starts: 0,
    };
  };
  const fill = () => {
    waiting = place(waiting);
    while (waiting.length < BACKLOG) waiting.push(...place([fresh()]));
  };

  const take = (node: Node) => {
    const touched = new Set([...node.jobs].flatMap((job) => job.nodes));
    for (const job of node.jobs) interrupt(job);
    node.isDown = true;
    at(now + takesSeconds, () => {
      node.isDown = false;
      node.isCordoned = false;
      node.broken = 0;
      settle([node]);
    });
    settle([...touched].filter((other) => other !== node));
  };
  const decide = (node: Node) => {
    if (rule === 'no faults' || node.isDown || node.broken === 0) return;
    if (node.isCordoned && node.jobs.size === 0) return take(node);
    const word = rule(seenOf(node, workedSeconds));
    node.isCordoned = word === 'cordon';
    if (word === 'take' || (word === 'cordon' && node.jobs.size === 0)) take(node);
  };
  /** After something has changed on these nodes. */
  const settle = (changed: readonly Node[]) => {
    for (const node of changed) decide(node);
    fill();
  };

  if (rule !== 'no faults') {
    for (const node of nodes) {
      const faults = random(`faults of ${node.name}`);
      const next = () =>
        at(now + faults.waitSeconds(DAY_SECONDS / FAULTS_PER_NODE_DAY), () => {
          const hit = faults.below(DEVICES);
          next();
          if (node.isDown || hit < node.broken) return;
          const struck = [...node.jobs].flatMap((job) => Array(job.kind.devicesPerNode).fill(job))[
            hit - node.broken
          ] as Job | undefined;
          node.broken += 1;
          if (struck !== undefined) interrupt(struck);
          settle([...new Set([node, ...(struck?.nodes ?? [])])]);
        });
      next();
      const round = () =>
        at(now + staysSeconds, () => {
          if (!node.isDown) take(node);
          round();
        });
      at(picks.fraction() * staysSeconds, () => {
        if (!node.isDown) take(node);
        round();
      });
      const look = () =>
        at(now + 6 * 3600, () => {
          if (node.broken > 0) settle([node]);
          look();
        });
      look();
    }
  }
  fill();
  for (
    let next = queue.pop();
    next !== undefined && next.atSeconds < untilSeconds;
    next = queue.pop()
  ) {
    now = next.atSeconds;
    next.run();
  }
  now = untilSeconds;
  const running = new Set(nodes.flatMap(({ jobs }) => [...jobs]));
  for (const job of running) useful += workedSeconds(job) * devicesOf(job.kind);
  return useful / (count * DEVICES * untilSeconds);
}

function devicesOf({ nodes, devicesPerNode }: JobKind): number {
  return nodes * devicesPerNode;
}

/** What is left of work that is interrupted. */
function keptOf({ durationSeconds, checkpointSeconds }: JobKind, workedSeconds: number): number {
  if (durationSeconds === undefined) return workedSeconds;
  if (checkpointSeconds === undefined) return 0;
  return Math.floor(workedSeconds / checkpointSeconds) * checkpointSeconds;
}

/** A node as an adviser sees it: how long a job will run it knows on average only. */
function seenOf(node: Node, workedSeconds: (job: Job) => number): DrainedNode {
  return {
    node: node.name,
    devices: DEVICES,
    broken: node.broken,
    faultsPerDay: FAULTS_PER_NODE_DAY,
    jobs: [...node.jobs].map((job): DrainedJob => {
      const { kind } = job;
      const others = (kind.nodes - 1) * FAULTS_PER_NODE_DAY * (kind.devicesPerNode / DEVICES);
      return {
        name: kind.name,
        devices: devicesOf(kind),
        devicesHere: kind.devicesPerNode,
        ranSeconds: workedSeconds(job),
        remainingSeconds: kind.durationSeconds ?? Number.POSITIVE_INFINITY,
        ...(kind.checkpointSeconds !== undefined && { checkpointSeconds: kind.checkpointSeconds }),
        accumulates: kind.durationSeconds !== undefined,
        restartSeconds: kind.restartSeconds,
        restartsPerDay: others,
      };
    }),
  };
}
