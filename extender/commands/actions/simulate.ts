import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { spanInWords } from '../../../webhook/words/duration.ts';
import type { FaultScript } from '../../fleet/script.ts';
import { meanOutcome } from '../../simulation/outcome.ts';
import { type PolicyName, policyNamed } from '../../simulation/policy-named.ts';
import { roomMissing } from '../../simulation/room.ts';
import { type Runs, run } from '../../simulation/run.ts';
import { readScript } from '../../simulation/script-files.ts';
import { complain, print } from '../terminal/print.ts';
import { tableText } from '../terminal/table.ts';
import { outcomeRows } from './simulate-table.ts';

export interface SimulateOptions {
  readonly script: string;
  readonly days: number;
  readonly nodes: number;
  /** The first seed. */
  readonly seed: number;
  /** How many seeds from there on. */
  readonly seeds: number;
  readonly rivals: boolean;
  /** Absent: as the script says. */
  readonly rackOutages?: number;
  /** Share by which a group is slowed while it is in more racks, or blocks, than it has to be; absent: as the script says. */
  readonly rackSlowdown?: number;
  readonly blockSlowdown?: number;
  readonly reboots: boolean;
  readonly output: 'table' | 'json';
}

const RIVALS = [
  'racks first',
  'racks first, else the freest',
  'weighted sum',
  'surefoot, pod by pod',
] as const;

/**
 * Runs a script on each seed without Surefoot and with it, and beside rivals where asked for, and prints what each lost.
 * The same faults strike in all runs of a seed.
 */
export async function simulate(options: SimulateOptions): Promise<void> {
  const { nodes, days, seed, seeds, rivals, output } = options;
  const script = inWorld(await readScript(options.script), options);
  const missing = roomMissing(script, nodes);
  if (missing !== undefined) throw new WrongCall(`--script: ${missing}`);
  const policies: readonly PolicyName[] = ['stock', ...(rivals ? RIVALS : []), 'surefoot'];
  const progress = new Progress(policies.length * seeds * days * 24);
  const all: Runs[] = policies.map((policy) => ({ policy, outcomes: [] }));
  for (let current = seed; current < seed + seeds; current += 1) {
    for (const [index, policy] of policies.entries()) {
      const onHour = () => progress.step(`seed ${current}, ${policy}`);
      const size = { nodes, days, seed: current, onHour };
      const outcome = await run(script, size, policyNamed(policy, script.topology));
      all[index] = { policy, outcomes: [...(all[index]?.outcomes ?? []), outcome] };
    }
  }
  progress.done();
  if (output === 'json') print(JSON.stringify(shown(all, options), null, 2));
  else {
    const which = seeds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + seeds - 1}`;
    print(`${nodes} nodes, ${days} days, ${which}\n\n${tableText(outcomeRows(all))}`);
  }
}

function inWorld(
  script: FaultScript,
  { rackOutages, rackSlowdown, blockSlowdown, reboots }: SimulateOptions,
): FaultScript {
  const { rack, block } = script.topology;
  return {
    ...script,
    ...(rackOutages !== undefined && { rackOutagesPerRackDay: rackOutages }),
    ...(!reboots && { rebootEvery: 0 }),
    topology: {
      ...script.topology,
      rack: { ...rack, slowdown: rackSlowdown ?? rack.slowdown },
      block: { ...block, slowdown: blockSlowdown ?? block.slowdown },
    },
  };
}

/** `without` and `with` are means over the seeds; `runs` has each. */
function shown(all: readonly Runs[], { nodes, days, seed, seeds }: SimulateOptions): object {
  const of = (policy: PolicyName) => all.find((one) => one.policy === policy)?.outcomes ?? [];
  return {
    nodes,
    days,
    seed,
    seeds,
    without: meanOutcome(of('stock')),
    with: meanOutcome(of('surefoot')),
    runs: Array.from({ length: seeds }, (_none, index) => ({
      seed: seed + index,
      outcomes: Object.fromEntries(
        all.map(({ policy, outcomes }) => [policy, outcomes[index]] as const),
      ),
    })),
  };
}

/** How often a terminal, and whatever else reads, is told how far it is. */
const TERMINAL_MS = 500;
const ELSEWHERE_MS = 15_000;

/** Tells on standard error how far it is, and how long it will take. */
class Progress {
  readonly #steps: number;
  readonly #begunMs = performance.now();
  #done = 0;
  #toldMs = this.#begunMs;

  constructor(steps: number) {
    this.#steps = steps;
  }

  step(what: string): void {
    this.#done += 1;
    const now = performance.now();
    if (now - this.#toldMs < (process.stderr.isTTY ? TERMINAL_MS : ELSEWHERE_MS)) return;
    this.#toldMs = now;
    const took = (now - this.#begunMs) / 1000;
    const left = (took / this.#done) * (this.#steps - this.#done);
    const percent = Math.floor((100 * this.#done) / this.#steps);
    const text = `${percent} %: ${what}; ${spanInWords(took)} so far, about ${spanInWords(left)} to go`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
    else complain(text);
  }

  done(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
