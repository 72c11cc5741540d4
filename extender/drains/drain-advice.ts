import { counted } from '../../webhook/words/counted.ts';
import { deviceTimeInWords } from '../../webhook/words/device-time.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { sum } from '../../webhook/words/sum.ts';

const SECONDS_PER_DAY = 86_400;

/** A job with pods on a node, as far as taking the node touches it. */
export interface DrainedJob {
  /** What a sentence calls it: its pod there, or its workload where it has several. */
  readonly name: string;
  /** Devices that stop when it is interrupted: of all its pods where they work as one. */
  readonly devices: number;
  /** Devices that it holds on this node. */
  readonly devicesHere: number;
  readonly ranSeconds: number;
  /** Until it is expected to end by itself; infinite where it is not, as of a server. */
  readonly remainingSeconds: number;
  /** Between its checkpoints; absent where it makes none. */
  readonly checkpointSeconds?: number;
  /** False of a server: what it has answered stays answered. */
  readonly accumulates: boolean;
  /** From the interruption to work going on again on another node, images apart. */
  readonly restartSeconds: number;
  /** How often faults of its other nodes restart it. */
  readonly restartsPerDay: number;
}

/** A node that somebody could take out of service. */
export interface DrainedNode {
  readonly node: string;
  readonly devices: number;
  /** Of them those that are withdrawn or unhealthy. */
  readonly broken: number;
  readonly jobs: readonly DrainedJob[];
  readonly faultsPerDay: number;
}

export interface DrainTerms {
  /** How long the work takes: a reset, a reboot. */
  readonly takesSeconds: number;
  /** How long a broken device would stay as it is if nobody took the node for its sake. */
  readonly staysSeconds: number;
}

/** A moment for taking a node, and what that costs. */
export interface DrainTime {
  /** `after`: when one of its jobs has left, others not yet; `idle`: when all have. Until then nothing new starts there. */
  readonly when: 'now' | 'after' | 'idle' | 'never';
  /** The job that is waited for. */
  readonly job?: string;
  /** From now, as expected. */
  readonly inSeconds: number;
  readonly costDeviceSeconds: number;
}

export interface DrainAdvice {
  readonly node: string;
  readonly broken: number;
  /** The cheapest moment. */
  readonly best: DrainTime;
  /** Every moment that was looked at, with the cost of each. */
  readonly times: readonly DrainTime[];
  readonly words: string;
}

/**
 * When a node is best taken out of service for a repair or announced work, in device-seconds: what interrupting its jobs
 * undoes, against the devices that stand idle until those have left and the faults that come meanwhile. `never` is
 * looked at only where something is broken: then it costs those devices for as long as they would stay as they are.
 */
export function drainAdvice(node: DrainedNode, terms: DrainTerms): DrainAdvice {
  const leaves = node.jobs
    .map((job) => ({ job, inSeconds: leavesInSeconds(job) }))
    .toSorted((a, b) => a.inSeconds - b.inSeconds);
  const timed: readonly DrainTime[] = [
    timeAt(node, leaves, { when: leaves.length === 0 ? 'idle' : 'now', inSeconds: 0 }, terms),
    ...leaves.map(({ job, inSeconds }, at) =>
      timeAt(
        node,
        leaves,
        { when: at === leaves.length - 1 ? 'idle' : 'after', inSeconds, job: job.name },
        terms,
      ),
    ),
  ];
  const never: readonly DrainTime[] =
    node.broken === 0
      ? []
      : [
          {
            when: 'never',
            inSeconds: terms.staysSeconds,
            costDeviceSeconds: node.broken * terms.staysSeconds,
          },
        ];
  const times = [...timed, ...never].filter(({ inSeconds }) => Number.isFinite(inSeconds));
  // The earlier of two that cost the same.
  const best = times.reduce((least, one) =>
    one.costDeviceSeconds < least.costDeviceSeconds ? one : least,
  );
  return { node: node.node, broken: node.broken, best, times, words: inWords(best, times, node) };
}

interface Leaving {
  readonly job: DrainedJob;
  readonly inSeconds: number;
}

/** When a job is expected to leave by itself: at its end, or when a fault elsewhere restarts it and the node takes none. */
function leavesInSeconds({ remainingSeconds, restartsPerDay }: DrainedJob): number {
  const restartsPerSecond = restartsPerDay / SECONDS_PER_DAY;
  const expected = -Math.expm1(-restartsPerSecond * remainingSeconds) / restartsPerSecond;
  return restartsPerSecond > 0 ? expected : remainingSeconds;
}

function timeAt(
  { devices, broken, faultsPerDay }: DrainedNode,
  leaves: readonly Leaving[],
  { inSeconds, ...time }: Omit<DrainTime, 'costDeviceSeconds'>,
  { takesSeconds }: DrainTerms,
): DrainTime {
  const interrupted = leaves.filter(({ inSeconds: leavesAt }) => leavesAt > inSeconds);
  const undone = sum(interrupted.map(({ job }) => costOfInterrupting(job, inSeconds)));
  const busy = sum(
    leaves.map(({ job, inSeconds: leavesAt }) => job.devicesHere * Math.min(leavesAt, inSeconds)),
  );
  const idle = devices * inSeconds - busy;
  const met = sum(
    leaves.map(({ job, inSeconds: leavesAt }) => {
      const thereSeconds = Math.min(leavesAt, inSeconds);
      const chance = -Math.expm1((-faultsPerDay * thereSeconds) / SECONDS_PER_DAY);
      return chance * costOfInterrupting(job, thereSeconds / 2);
    }),
  );
  const down = (devices - broken) * takesSeconds;
  return { ...time, inSeconds, costDeviceSeconds: undone + idle + met + down };
}

/** Device-seconds that an interruption costs a job so many seconds from now. */
export function costOfInterrupting(
  {
    devices,
    ranSeconds,
    checkpointSeconds,
    accumulates,
    restartSeconds,
  }: Pick<
    DrainedJob,
    'devices' | 'ranSeconds' | 'checkpointSeconds' | 'accumulates' | 'restartSeconds'
  >,
  inSeconds: number,
): number {
  const workSeconds = ranSeconds + inSeconds;
  // Where in its interval it stands nobody tells: on average half of it is undone.
  const undoneSeconds =
    checkpointSeconds === undefined || workSeconds < checkpointSeconds
      ? workSeconds
      : checkpointSeconds / 2;
  return devices * ((accumulates ? undoneSeconds : 0) + restartSeconds);
}

function inWords(best: DrainTime, times: readonly DrainTime[], node: DrainedNode): string {
  const { when, job = '', inSeconds, costDeviceSeconds } = best;
  const costs = deviceTimeInWords(costDeviceSeconds);
  const [now] = times;
  const nowCosts = deviceTimeInWords(now?.costDeviceSeconds ?? 0);
  switch (when) {
    case 'idle':
      return inSeconds === 0
        ? `nothing runs there: ${costs} while the work is done`
        : `cordon it and wait for ${job}, which leaves in about ${spanInWords(inSeconds)}: ${costs}, now ${nowCosts}`;
    case 'after':
      return `cordon it and take it once ${job} has left, in about ${spanInWords(inSeconds)}: ${costs}, now ${nowCosts}`;
    case 'never':
      return `leave it: ${counted(node.broken, 'broken device')} for ${spanInWords(inSeconds)} cost ${costs}, taking it now ${nowCosts}`;
    case 'now': {
      const waits = times.find((time) => time.when === 'idle');
      const waiting =
        waits === undefined
          ? ''
          : `, waiting until it is idle ${deviceTimeInWords(waits.costDeviceSeconds)}`;
      return `take it now: ${costs}${waiting}`;
    }
  }
}
