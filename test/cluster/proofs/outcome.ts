import type { Fault, FaultScript } from '../../../extender/fleet/script.ts';

/** A fault script at work somewhere: in the built-in fleet, or on a real control plane. */
export interface Stage {
  /** Lets it be so many seconds after the start; faults strike on the way. */
  reach(seconds: number): Promise<void>;
  /** The nodes of a workload's running pods by place; one node after the other for replicas. */
  nodesOf(workload: string): Promise<readonly string[]>;
  /** What Surefoot remembers of a node, in its words. */
  incidentsOn(node: string): Promise<readonly string[]>;
}

/** What one fault led to. */
export interface FaultOutcome {
  readonly fault: string;
  /** New on the node that was struck; evidence in the order of the alphabet. */
  readonly incidents: readonly string[];
  /** For each place of the workload; `home`: on the node where it was before. */
  readonly came: readonly ('home' | 'elsewhere')[];
}

/** From just before a fault to when everything that it causes is over. */
const BEFORE_SECONDS = 2;

/** Plays a script and tells what each of its faults led to, `settleSeconds` after it. */
export async function outcomesOf(
  script: FaultScript,
  stage: Stage,
  settleSeconds: number,
): Promise<readonly FaultOutcome[]> {
  const outcomes: FaultOutcome[] = [];
  for (const fault of script.faults) {
    await stage.reach(fault.atSeconds - BEFORE_SECONDS);
    const before = await stage.nodesOf(fault.workload);
    const struck = before[fault.index] ?? '';
    const known = await stage.incidentsOn(struck);
    await stage.reach(fault.atSeconds + settleSeconds);
    const after = await stage.nodesOf(fault.workload);
    const incidents = (await stage.incidentsOn(struck)).slice(known.length);
    const kind = script.workloads.find(({ name }) => name === fault.workload)?.kind;
    outcomes.push({
      fault: inWords(fault),
      incidents: incidents.map(evidenceOf),
      came: kind === 'replicas' ? asASet(before, after) : byPlace(before, after),
    });
  }
  return outcomes;
}

function inWords({ kind, workload, index }: Fault): string {
  return `${kind} ${workload}/${index}`;
}

/** Without device and age, which differ from run to run. */
function evidenceOf(words: string): string {
  const evidence = words.replace(/(, on \S+)?, (for .*|\S+ \S+ ago)$/, '');
  return evidence.split('; ').sort().join('; ');
}

function byPlace(before: readonly string[], after: readonly string[]): FaultOutcome['came'] {
  return before.map((node, place) => (after[place] === node ? 'home' : 'elsewhere'));
}

function asASet(before: readonly string[], after: readonly string[]): FaultOutcome['came'] {
  return before.map((node) => (after.includes(node) ? ('home' as const) : 'elsewhere')).sort();
}
