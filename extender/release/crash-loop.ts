import { counted } from '../../webhook/words/counted.ts';
import type { PodFacts } from '../facts/facts.ts';
import { type Budget, MOST_RESTARTS } from './settings.ts';

/** Who is to blame for a pod that crashes again and again. */
export type Blame =
  /** Its node: elsewhere the same runs. */
  | { readonly on: 'node'; readonly words: string }
  /** The program, as far as anybody can tell. */
  | { readonly on: 'program'; readonly words: string };

/** When containers of a pod were started anew. */
interface Restarts {
  readonly watchedSinceSeconds: number;
  /** How often its status says. */
  readonly count: number;
  readonly atSeconds: readonly number[];
}

/** Counts restarts of containers as the watch shows them; those before it began are not known. Pods that are gone go. */
export class RestartCounts {
  readonly #ofPod = new Map<string, Restarts>();

  /** To be called with every pod that holds devices, every few seconds. */
  look(pods: Iterable<PodFacts>, nowSeconds: number): void {
    const seen = new Set<string>();
    for (const { uid, restarts = 0 } of pods) {
      seen.add(uid);
      const known = this.#ofPod.get(uid);
      if (known === undefined) {
        this.#ofPod.set(uid, { watchedSinceSeconds: nowSeconds, count: restarts, atSeconds: [] });
      } else if (restarts > known.count) {
        const more = Array.from({ length: restarts - known.count }, () => nowSeconds);
        const atSeconds = [...known.atSeconds, ...more].slice(-MOST_RESTARTS);
        this.#ofPod.set(uid, { ...known, count: restarts, atSeconds });
      }
    }
    for (const uid of this.#ofPod.keys()) if (!seen.has(uid)) this.#ofPod.delete(uid);
  }

  /** How many there were within the time. */
  within(uid: string, withinSeconds: number, nowSeconds: number): number {
    const { atSeconds = [] } = this.#ofPod.get(uid) ?? {};
    return atSeconds.filter((at) => nowSeconds - at <= withinSeconds).length;
  }

  isLoop(uid: string, { most, withinSeconds }: Budget, nowSeconds: number): boolean {
    return this.within(uid, withinSeconds, nowSeconds) >= most;
  }

  /** Whether it has been watched for all of the time and was not started anew once. */
  isSteady(uid: string, withinSeconds: number, nowSeconds: number): boolean {
    const { watchedSinceSeconds = nowSeconds } = this.#ofPod.get(uid) ?? {};
    return (
      nowSeconds - watchedSinceSeconds >= withinSeconds &&
      this.within(uid, withinSeconds, nowSeconds) === 0
    );
  }
}

/** What is known of pods that run. */
export interface Running {
  readonly isLoop: (uid: string) => boolean;
  /** Whether it has run without a restart for as long as a loop is counted. */
  readonly isSteady: (uid: string) => boolean;
}

/**
 * Whose fault a crash loop is. The node's where enough other pods that its owner made from the same template run steadily
 * on other nodes; of a numbered pod, whose fellows do another part of the work, only if pods of another owner that runs
 * steadily elsewhere loop on its node, too. Otherwise the program's. What others do on its node is never enough by itself:
 * a neighbour may crash on purpose.
 */
export function blameOf(
  pod: PodFacts,
  others: readonly PodFacts[],
  running: Running,
  least: number,
): Blame {
  const fellows = steadyElsewhere(pod, others, running);
  const stranger = pod.slot.interchangeable
    ? undefined
    : others.find(
        (other) =>
          other.node === pod.node &&
          other.slot.workload !== pod.slot.workload &&
          running.isLoop(other.uid) &&
          steadyElsewhere(other, others, running) > 0,
      );
  const who = `${counted(fellows, 'other pod')} of ${pod.slot.workload}`;
  if (fellows >= least && (pod.slot.interchangeable || stranger !== undefined)) {
    const too =
      stranger === undefined ? '' : `, and ${stranger.slot.workload} crashes on its node, too`;
    return {
      on: 'node',
      words: `${who} from the same template ${fellows === 1 ? 'runs' : 'run'} steadily on other nodes${too}`,
    };
  }
  return {
    on: 'program',
    words: `nothing tells it from a fault of the program: ${who} ${fellows === 1 ? 'runs' : 'run'} steadily on other nodes, of ${least} that would tell${pod.slot.interchangeable ? '' : ', and no other owner’s numbered pods crash on its node only'}`,
  };
}

function steadyElsewhere(
  pod: PodFacts,
  others: readonly PodFacts[],
  { isSteady }: Running,
): number {
  return others.filter(
    (other) =>
      other.uid !== pod.uid &&
      other.node !== pod.node &&
      other.phase === 'Running' &&
      !other.isTerminating &&
      isAlike(other, pod) &&
      isSteady(other.uid),
  ).length;
}

function isAlike(one: PodFacts, other: PodFacts): boolean {
  return (
    one.slot.workload === other.slot.workload &&
    one.revision === other.revision &&
    one.images.length === other.images.length &&
    one.images.every((image, at) => image === other.images[at])
  );
}
