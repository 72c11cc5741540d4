import type { Logger } from 'pino';
import { briefly } from '../../certs/cluster/api-error.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { modeIn } from '../../webhook/words/mode.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { beginningOf } from '../bounds/cut-text.ts';
import type { PodFacts } from '../facts/facts.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type CaseDeps, plainCase, wholeCase } from './cases.ts';
import type { Eviction } from './evictor.ts';
import { Findings, type Found } from './findings.ts';
import { type Case, OF_THE_POD, refusalOf } from './guards.ts';
import { type Aftermath, JUDGED_AFTER_SECONDS, judge } from './judgement.ts';
import type { ReleaseMetrics } from './metrics.ts';
import type { ReleaseStore } from './release-store.ts';
import { keptName, type Release, withRelease } from './releases.ts';
import type { ReleaseMode, ReleaseSettings } from './settings.ts';

export interface ReleaserDeps extends CaseDeps {
  readonly settings: () => ReleaseSettings;
  /** Why what is known may be old; `undefined` where it is fresh. */
  readonly stale: () => string | undefined;
  readonly isLeader: () => boolean;
  readonly store: ReleaseStore;
  /** Tells the owner of a pod. */
  readonly tell: (pod: PodFacts, release: Release) => void;
  readonly metrics: ReleaseMetrics;
  readonly log: Logger;
}

/** A pod that a guard keeps where it is. */
export interface HeldPod {
  readonly pod: string;
  readonly guard: string;
  readonly words: string;
}

/** When a pod is looked at again, and how long that was put off. */
interface Turn {
  readonly atSeconds: number;
  readonly waitedSeconds: number;
}

/** A pod that stays is looked at closely again after so long. */
const LOOK_AGAIN_SECONDS = 10;
/** After the API server has refused, and twice as long each time after that. */
const FIRST_BACKOFF_SECONDS = 15;
const LAST_BACKOFF_SECONDS = 600;
/** Pods that are looked at closely in a round: each takes some requests. */
const MOST_A_ROUND = 20;

/** The verdict could not be stored: nothing is done in this round any more. */
class NotStored extends Error {
  override readonly name = 'NotStored';
}

/**
 * Finds pods that sit on a broken device or crash again and again because of their node, and what speaks against moving
 * them; then, where it may, asks for their eviction, one after another. What was decided is stored before it is asked for,
 * so that whoever leads next knows of it.
 */
export class Releaser {
  readonly #deps: ReleaserDeps;
  readonly #findings = new Findings();
  /** By uid. */
  readonly #held = new Map<string, HeldPod>();
  readonly #turns = new Map<string, Turn>();
  #releases: readonly Release[] | undefined;
  #isSuspended = false;
  #underWay: Promise<void> | undefined;
  #isStopping = false;
  #said = '';

  constructor(deps: ReleaserDeps) {
    this.#deps = deps;
  }

  get isSuspended(): boolean {
    return this.#isSuspended;
  }

  /** Pods that a guard speaks for. */
  held(): readonly HeldPod[] {
    return [...this.#held.values()];
  }

  /** Begins nothing any more; resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#underWay;
  }

  /** To be called every few seconds, also by a replica that does not lead. Resolves once nothing is under way. */
  async round(): Promise<void> {
    const { snapshot, settings } = this.#deps;
    const now = snapshot();
    // Also while a round is under way: a break must be noticed.
    const look = this.#findings.look(now, settings());
    this.#underWay ??= this.#round(look, now).finally(() => {
      this.#underWay = undefined;
    });
    await this.#underWay;
  }

  async #round({ found, programs, isStorm }: ReturnType<Findings['look']>, now: Snapshot) {
    const { isLeader, stale, store } = this.#deps;
    try {
      if (!isLeader()) {
        this.#releases = undefined;
        this.#held.clear();
        return;
      }
      const why = stale();
      if (why !== undefined) {
        this.#say(`nothing is released: ${why}`);
        return;
      }
      this.#releases ??= await store.load();
      await this.#judgeDue(now);
      this.#forgetBut([...found, ...programs].map(({ pod }) => pod.uid));
      for (const { pod, words } of programs) this.#hold(pod, 'program', words);
      this.#isSuspended = isStorm;
      if (isStorm) this.#suspend(found);
      else await this.#weigh(found, now);
    } catch (error) {
      this.#releases = undefined;
      this.#say(`nothing is released: ${briefly(error)}; trying again`);
    }
  }

  #suspend(found: readonly Found[]): void {
    const words = 'devices break on too many nodes at once';
    this.#say(`nothing is released: ${words}`);
    for (const { pod } of found) this.#hold(pod, 'storm', words);
  }

  #forgetBut(uids: readonly string[]): void {
    const known = new Set(uids);
    for (const uid of this.#held.keys()) if (!known.has(uid)) this.#held.delete(uid);
    for (const uid of this.#turns.keys()) if (!known.has(uid)) this.#turns.delete(uid);
  }

  /** Those that have waited longest for their turn first, so that none keeps another from it. */
  async #weigh(found: readonly Found[], { nowSeconds }: Snapshot): Promise<void> {
    this.#said = '';
    const turnOf = ({ pod }: Found) => this.#turns.get(pod.uid)?.atSeconds ?? 0;
    const due = found
      .filter((one) => !this.#isDone(one.pod) && turnOf(one) <= nowSeconds)
      .sort((a, b) => turnOf(a) - turnOf(b));
    for (const one of due.slice(0, MOST_A_ROUND)) {
      const { isLeader, stale } = this.#deps;
      if (this.#isStopping || !isLeader() || stale() !== undefined) return;
      this.#turns.set(one.pod.uid, {
        atSeconds: nowSeconds + LOOK_AGAIN_SECONDS,
        waitedSeconds: this.#turns.get(one.pod.uid)?.waitedSeconds ?? 0,
      });
      try {
        await this.#weighOne(one);
      } catch (error) {
        if (error instanceof NotStored) throw error.cause;
        this.#putOff(one.pod, 'refused', `the API server: ${briefly(error)}`);
      }
    }
  }

  #isDone(pod: PodFacts): boolean {
    const known = this.#known(pod.uid);
    if (known === undefined || known.how === 'withdrawn' || known.how === 'evicting') return false;
    // What was only said may be done once the mode allows it.
    return known.how === 'evicted' || known.how === SAYS[this.#modeFor(pod)];
  }

  #modeFor({ namespace }: PodFacts): ReleaseMode {
    const { cluster } = this.#deps.snapshot();
    const mayOnlyObserve = cluster.namespaceOptIn(namespace) === 'observe';
    return modeIn(namespace, this.#deps.settings(), mayOnlyObserve);
  }

  async #weighOne(found: Found): Promise<void> {
    const { evictor, snapshot, settings } = this.#deps;
    const { pod: facts } = found;
    const pod = await evictor.pod(facts.namespace, facts.name);
    if (pod === undefined) return;
    const mode = this.#modeFor(facts);
    const settled = { how: SAYS[mode], releases: this.#releases ?? [], settings: settings() };
    const plain = plainCase(found, pod, settled, snapshot());
    const early = refusalOf(plain, OF_THE_POD);
    if (early !== undefined) return this.#hold(facts, early.guard, early.words);
    const of = await wholeCase(plain, found, this.#deps);
    if (of === undefined) return;
    const refusal = refusalOf(of);
    if (refusal !== undefined) return this.#hold(facts, refusal.guard, refusal.words);
    const release = releaseOf(found, of, snapshot().nowSeconds);
    if (mode === 'act') return this.#act(facts, pod, release);
    await this.#keep(release);
    this.#held.delete(facts.uid);
    this.#deps.log.info({ pod: nameOf(facts), mode }, release.words);
    if (mode === 'advise') this.#deps.tell(facts, release);
  }

  /** Dry run, maintenance Lease, and only then the eviction; what is about to be done is stored before. */
  async #act(facts: PodFacts, pod: Pod, release: Release): Promise<void> {
    const { evictor, settings, log } = this.#deps;
    const tried = await evictor.evict(pod, { dryRun: true });
    if (tried.kind !== 'done') return this.#notEvicted(facts, tried);
    const { maintenanceLeases: leases } = settings();
    if (leases === undefined) return this.#evict(facts, pod, release);
    const { node } = release;
    const holder = await evictor.maintain(leases, node);
    if (holder !== undefined) {
      return this.#hold(facts, 'maintenance', `${holder} holds the maintenance Lease of ${node}`);
    }
    try {
      await this.#evict(facts, pod, release);
    } finally {
      await evictor.leave(leases, node).catch((error) => {
        log.warn({ err: error }, 'a maintenance Lease could not be given back; it will expire');
      });
    }
  }

  async #evict(facts: PodFacts, pod: Pod, release: Release): Promise<void> {
    const { evictor, isLeader, tell, log } = this.#deps;
    await this.#keep(release);
    if (!isLeader()) return;
    const done = await evictor.evict(pod, { dryRun: false });
    if (done.kind !== 'done') {
      await this.#keep({ ...release, how: 'withdrawn' });
      return this.#notEvicted(facts, done);
    }
    this.#held.delete(facts.uid);
    log.warn({ pod: nameOf(facts) }, `released: ${release.words}`);
    const evicted: Release = { ...release, how: 'evicted' };
    tell(facts, evicted);
    await this.#keep(evicted);
  }

  #notEvicted(facts: PodFacts, answer: Eviction): void {
    if (answer.kind === 'done' || answer.kind === 'moot') return;
    const guard = answer.kind === 'held' ? 'disruptionBudget' : 'refused';
    this.#putOff(facts, guard, `the API server: ${answer.words}`);
  }

  /** What the API server refuses it is asked ever more seldom. */
  #putOff(facts: PodFacts, guard: string, words: string): void {
    const { nowSeconds } = this.#deps.snapshot();
    const before = this.#turns.get(facts.uid)?.waitedSeconds ?? 0;
    const waitedSeconds = Math.min(
      before === 0 ? FIRST_BACKOFF_SECONDS : 2 * before,
      LAST_BACKOFF_SECONDS,
    );
    this.#turns.set(facts.uid, { atSeconds: nowSeconds + waitedSeconds, waitedSeconds });
    this.#hold(facts, guard, words);
  }

  /** Stores a verdict; what cannot be stored is not done. */
  async #keep(release: Release): Promise<void> {
    const { store, metrics, snapshot } = this.#deps;
    const before = this.#known(release.uid)?.how;
    const releases = withRelease(this.#releases ?? [], release, snapshot().nowSeconds);
    try {
      await store.save(releases);
    } catch (error) {
      throw new NotStored('a verdict was not stored', { cause: error });
    }
    this.#releases = releases;
    if (before !== release.how && release.how !== 'evicting') metrics.verdict(release);
  }

  #known(uid: string): Release | undefined {
    return this.#releases?.find((release) => release.uid === uid);
  }

  #hold(pod: PodFacts, guard: string, words: string): void {
    const { metrics, log } = this.#deps;
    const before = this.#held.get(pod.uid);
    this.#held.set(pod.uid, { pod: nameOf(pod), guard, words });
    if (before?.guard === guard) return;
    metrics.held(guard);
    log.info({ pod: nameOf(pod), guard }, `stays where it is: ${words}`);
  }

  /** Says of verdicts that are old enough whether they were right; of one that was being carried out, what became of it. */
  async #judgeDue(now: Snapshot): Promise<void> {
    const { nowSeconds, cluster } = now;
    for (const release of this.#releases ?? []) {
      if (release.how === 'evicting') {
        const pod = cluster.pod(release.uid);
        // The replica before this one has ended in the middle of it.
        if (pod === undefined || pod.isTerminating)
          await this.#keep({ ...release, how: 'evicted' });
        continue;
      }
      const isDue = nowSeconds - release.atSeconds >= JUDGED_AFTER_SECONDS;
      if (!isDue || release.judged !== undefined || release.how === 'withdrawn') continue;
      const { judged, words } = judge(release, this.#aftermath(release, now));
      const done: Release = { ...release, judged, judgedWords: words };
      await this.#keep(done);
      this.#deps.metrics.judged(done);
      this.#deps.log.info({ pod: `${release.namespace}/${release.name}`, judged }, words);
    }
  }

  #aftermath(release: Release, now: Snapshot): Aftermath {
    const { cluster, store, nowSeconds } = now;
    const node = cluster.node(release.node);
    const { restarts } = this.#deps.settings().crashLoop;
    const slot = cluster.pod(release.uid) ?? successorOf(release, now);
    return {
      onNode: [...cluster.holding(release.node)],
      ...(slot !== undefined && { slot }),
      incidents: node === undefined ? [] : store.get(node.host).incidents,
      loops: slot !== undefined && this.#findings.isLoop(slot.uid, restarts, nowSeconds),
    };
  }

  #say(words: string): void {
    if (words !== this.#said) this.#deps.log.warn(words);
    this.#said = words;
  }
}

/** The pod that has come after a released one; `undefined` where there is none, or several that may be it. */
function successorOf({ slot, atSeconds }: Release, { cluster }: Snapshot): PodFacts | undefined {
  const after = [...cluster.pods()].filter(
    (pod) =>
      keptName(pod.slot.key) === slot &&
      pod.node !== undefined &&
      pod.createdAtSeconds >= atSeconds - 1,
  );
  return after.length === 1 ? after[0] : undefined;
}

const SAYS: Readonly<Record<ReleaseMode, Release['how']>> = {
  observe: 'observed',
  advise: 'advised',
  act: 'evicting',
};
/** What is told of a release is a sentence, whatever tenants have called their things. */
const LONGEST_WORDS = 500;

function releaseOf(
  { kind, pod, words, broken }: Found,
  { better, how }: Case,
  nowSeconds: number,
): Release {
  const { node = '', gainSeconds = 0 } = better ?? {};
  const { resource, device } = broken ?? {};
  const { slot } = pod;
  return {
    uid: pod.uid,
    namespace: pod.namespace,
    name: pod.name,
    slot: keptName(slot.key),
    owner: keptName(slot.workload),
    node: pod.node ?? '',
    ...(resource !== undefined && { resource }),
    ...(device !== undefined && { device }),
    kind,
    how,
    atSeconds: nowSeconds,
    words: beginningOf(
      `${words}; on ${node} it can expect to lose ${spanInWords(gainSeconds)} less`,
      LONGEST_WORDS,
    ),
    better: node,
    gainSeconds,
    // Of interchangeable pods nobody can tell which one comes after it: the budget of their owner holds.
    againSeconds: slot.interchangeable ? 0 : (pod.expectations?.homeLifeSeconds ?? 0),
  };
}

function nameOf({ namespace, name }: PodFacts): string {
  return `${namespace}/${name}`;
}
