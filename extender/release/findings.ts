import { spanInWords } from '../../webhook/words/duration.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type BrokenDevice, brokenDevicesOf } from './broken-device.ts';
import { blameOf, RestartCounts } from './crash-loop.ts';
import type { Release } from './releases.ts';
import type { Budget, ReleaseSettings } from './settings.ts';

/** What a pod sits on. */
export interface Found {
  readonly kind: Release['kind'];
  readonly pod: PodFacts;
  readonly words: string;
  /** Of a broken device. */
  readonly broken?: BrokenDevice;
  /** How likely that is why it does no work, 0 to 1. */
  readonly probability: number;
}

/** What one look has shown. */
export interface Look {
  /** Pods that would be better off elsewhere. */
  readonly found: readonly Found[];
  /** Pods that crash again and again by their program's fault, as far as anybody can tell. */
  readonly programs: readonly { readonly pod: PodFacts; readonly words: string }[];
  /** Devices have begun to be broken on too many nodes within the time. */
  readonly isStorm: boolean;
}

/** That a loop which others do not share is its node's (judgement). */
const AS_LIKELY_AS_NOT = 0.5;
/** A device that no pod shows any more is the same one for so long, should the next pod show it. */
const REMEMBERED_SECONDS = 6 * 3600;
/** More than a fleet has broken at once. */
const MOST_DEVICES = 10_000;

/** Finds pods that sit on a broken device, or crash again and again, and remembers since when. */
export class Findings {
  readonly #restarts = new RestartCounts();
  /** Since when a pod has sat on a broken device without a break, by pod and device. */
  readonly #since = new Map<string, number>();
  /** When a device of a node began to be broken, and was last seen so, whichever pod has it. */
  readonly #began = new Map<string, { readonly atSeconds: number; readonly seenSeconds: number }>();

  /** What has stood for long enough. To be called every few seconds, so that a break is noticed. */
  look(now: Snapshot, { brokenDevice, crashLoop, storm }: ReleaseSettings): Look {
    const { cluster, nowSeconds } = now;
    const holding = [...cluster.nodes()].flatMap(({ name }) => [...cluster.holding(name)]);
    this.#restarts.look(holding, nowSeconds);
    const { restarts, others } = crashLoop;
    const { withinSeconds } = restarts;
    const running = {
      isLoop: (uid: string) => this.isLoop(uid, restarts, nowSeconds),
      isSteady: (uid: string) => this.#restarts.isSteady(uid, withinSeconds, nowSeconds),
    };
    const standing = new Set<string>();
    const found: Found[] = [];
    const programs: Look['programs'][number][] = [];
    for (const pod of holding) {
      if (pod.isTerminating) continue;
      const longest = this.#longest(pod, now, standing);
      if (longest !== undefined && longest.seconds >= brokenDevice.afterSeconds) {
        const { broken } = longest;
        const { words, probability } = broken;
        found.push({ kind: 'brokenDevice', pod, words, broken, probability });
      } else if (running.isLoop(pod.uid)) {
        const blame = blameOf(pod, holding, running, others);
        const times = this.#restarts.within(pod.uid, withinSeconds, nowSeconds);
        const words = `it was started anew ${times} times within ${spanInWords(withinSeconds)}; ${blame.words}`;
        if (blame.on === 'program') programs.push({ pod, words });
        else found.push({ kind: 'crashLoop', pod, words, probability: AS_LIKELY_AS_NOT });
      }
    }
    for (const key of this.#since.keys()) if (!standing.has(key)) this.#since.delete(key);
    return { found, programs, isStorm: this.#isStorm(storm, nowSeconds) };
  }

  isLoop(uid: string, restarts: Budget, nowSeconds: number): boolean {
    return this.#restarts.isLoop(uid, restarts, nowSeconds);
  }

  /** Of the broken devices that a pod has the one that has stood longest. */
  #longest(
    pod: PodFacts,
    { cluster, store, nowSeconds }: Snapshot,
    standing: Set<string>,
  ): { readonly broken: BrokenDevice; readonly seconds: number } | undefined {
    const node = cluster.node(pod.node ?? '');
    if (node === undefined) return undefined;
    let longest: { broken: BrokenDevice; seconds: number } | undefined;
    for (const broken of brokenDevicesOf(pod, node, store.get(node.host).incidents)) {
      this.#note(node.name, broken, nowSeconds);
      const key = `${pod.uid} ${broken.key}`;
      standing.add(key);
      const since = this.#since.get(key) ?? nowSeconds;
      this.#since.set(key, since);
      const seconds = nowSeconds - since;
      if (longest === undefined || seconds > longest.seconds) longest = { broken, seconds };
    }
    return longest;
  }

  #note(node: string, { key }: BrokenDevice, nowSeconds: number): void {
    const device = `${node} ${key}`;
    const known = this.#began.get(device);
    const isSame = known !== undefined && nowSeconds - known.seenSeconds < REMEMBERED_SECONDS;
    this.#began.delete(device);
    const atSeconds = isSame ? known.atSeconds : nowSeconds;
    this.#began.set(device, { atSeconds, seenSeconds: nowSeconds });
    dropOldest(this.#began, MOST_DEVICES);
  }

  #isStorm({ most, withinSeconds }: Budget, nowSeconds: number): boolean {
    const nodes = new Set<string>();
    for (const [device, { atSeconds, seenSeconds }] of this.#began) {
      const isNew = nowSeconds - atSeconds <= withinSeconds;
      if (isNew && nowSeconds - seenSeconds <= withinSeconds) {
        nodes.add(device.slice(0, device.indexOf(' ')));
      }
    }
    return nodes.size > most;
  }
}
