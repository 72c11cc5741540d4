import { spanInWords } from '../../webhook/words/duration.ts';
import { dropOldest } from '../bounds/drop-oldest.ts';
import type { NodeFacts, PodFacts } from '../facts/facts.ts';
import { timeOf } from '../facts/timestamp.ts';
import { incidentInWords } from '../forecast/evidence.ts';
import type { Incident } from '../history/incident.ts';
import type { Departure, DepartureCause } from '../homes/departure.ts';
import type { Entry, EntryKind } from './shapes.ts';

const MOST_ENTRIES = 500;
/** Members of a group that leave within this time of one another have left together. */
const TOGETHER_SECONDS = 30;

const KIND_OF: Readonly<Record<DepartureCause, EntryKind>> = {
  completed: 'completion',
  crashed: 'crash',
  'device fault': 'device fault',
  evicted: 'eviction',
  preempted: 'preemption',
  reclaimed: 'reclaim',
  deleted: 'deletion',
};

/** The members of one workload that have left together so far. */
interface Leaving {
  readonly number: number;
  readonly pods: Set<string>;
  readonly firstWords: string;
  readonly firstAtSeconds: number;
  lastAtSeconds: number;
}

/** What Surefoot has seen happen to devices, nodes and pods, in words; the latest, in bounded memory. */
export class Journal {
  readonly #entries = new Map<number, Entry>();
  readonly #leaving = new Map<string, Leaving>();
  readonly #listeners: ((entry: Entry) => void)[] = [];
  #written = 0;

  /** Calls with each entry, also when it replaces an earlier one of its number. */
  subscribe(listener: (entry: Entry) => void): void {
    this.#listeners.push(listener);
  }

  /** The latest `count`, newest first. */
  latest(count: number): readonly Entry[] {
    return [...this.#entries.values()].slice(-count).reverse();
  }

  /** `isPlanned`: the host's history takes what happens on it now for announced work. */
  nodeChanged(
    previous: NodeFacts,
    current: NodeFacts,
    isPlanned: boolean,
    nowSeconds: number,
  ): void {
    const { name: node, isCordoned, isReady } = current;
    const write = (kind: EntryKind, words: string) => this.#write(nowSeconds, kind, words, node);
    if (isCordoned && !previous.isCordoned) write('cordon', `${node} is cordoned: no new pods`);
    if (!isReady && previous.isReady) write(...wentDown(current, isPlanned));
    if (isReady && !previous.isReady) {
      const again = bootedBetween(previous, current) ? ' after booting anew' : '';
      write('node back', `${node} is ready again${again}`);
    }
    if (!isCordoned && previous.isCordoned) write('node back', `${node} takes new pods again`);
  }

  incidentsChanged(
    { name: node }: NodeFacts,
    before: readonly Incident[],
    after: readonly Incident[],
    nowSeconds: number,
  ): void {
    for (const incident of after) {
      const earlier = before.find(({ id }) => id === incident.id);
      if (earlier === undefined) {
        const words = `${node}: ${incidentInWords(incident, nowSeconds)}`;
        if (incident.class === 'application') continue;
        const kind = incident.class === 'infrastructure' ? 'node down' : 'device fault';
        this.#write(nowSeconds, kind, words, node);
      } else if (earlier.closedAtSeconds === undefined && incident.closedAtSeconds !== undefined) {
        const which = incident.device ?? incident.resource ?? node;
        const open = spanInWords(incident.closedAtSeconds - incident.openedAtSeconds);
        const words = `${node}: nothing reports ${which} as broken any more, after ${open}`;
        this.#write(nowSeconds, 'device well', words, node);
      }
    }
  }

  departed(departure: Departure, pod: PodFacts): void {
    const { slot, atSeconds, cause, node } = departure;
    const words = departureInWords(departure, pod);
    // Members of a Job or a group go together; replicas and notebooks go one by one.
    const isMember = !slot.interchangeable && slot.key !== slot.workload && !isOrdinal(slot.key);
    const leaving = isMember ? this.#leaving.get(slot.workload) : undefined;
    if (leaving === undefined || atSeconds - leaving.lastAtSeconds > TOGETHER_SECONDS) {
      const number = this.#write(atSeconds, KIND_OF[cause], words, node);
      if (!isMember) return;
      this.#leaving.set(slot.workload, {
        number,
        pods: new Set([pod.uid]),
        firstWords: words,
        firstAtSeconds: atSeconds,
        lastAtSeconds: atSeconds,
      });
      this.#forgetOld(atSeconds);
      return;
    }
    leaving.pods.add(pod.uid);
    leaving.lastAtSeconds = Math.max(leaving.lastAtSeconds, atSeconds);
    if (cause === 'completed') return;
    const seconds = leaving.lastAtSeconds - leaving.firstAtSeconds;
    const span = seconds < 1 ? 'at once' : `within ${spanInWords(seconds)}`;
    this.#put({
      number: leaving.number,
      at: timeOf(leaving.firstAtSeconds),
      kind: 'group restart',
      words: `${leaving.pods.size} pods of ${slot.workload} left ${span}; the first of them: ${leaving.firstWords}`,
    });
  }

  #forgetOld(nowSeconds: number): void {
    for (const [workload, { lastAtSeconds }] of this.#leaving) {
      if (nowSeconds - lastAtSeconds > TOGETHER_SECONDS) this.#leaving.delete(workload);
    }
  }

  #write(atSeconds: number, kind: EntryKind, words: string, node: string): number {
    this.#written += 1;
    this.#put({ number: this.#written, at: timeOf(atSeconds), kind, node, words });
    return this.#written;
  }

  #put(entry: Entry): void {
    this.#entries.set(entry.number, entry);
    dropOldest(this.#entries, MOST_ENTRIES);
    for (const listener of this.#listeners) listener(entry);
  }
}

function wentDown(
  { name, isCordoned }: NodeFacts,
  isPlanned: boolean,
): readonly [EntryKind, string] {
  if (!isCordoned) return ['node down', `${name} is not ready`];
  const words = `${name} is down; it was cordoned before,`;
  return isPlanned
    ? ['planned reboot', `${words} so this is planned work and held against nobody`]
    : ['node down', `${words} but with a fault open: a repair, not planned work`];
}

/** `default/notebook-1 crashed on gpu-13 with exit code 139, after 14 min`. */
function departureInWords({ node, cause, ranSeconds }: Departure, pod: PodFacts): string {
  return `${pod.namespace}/${pod.name} ${deed(cause, node, pod)}, after ${spanInWords(ranSeconds)}`;
}

function deed(cause: DepartureCause, node: string, pod: PodFacts): string {
  switch (cause) {
    case 'completed':
      return `has done its work on ${node}`;
    case 'crashed': {
      const code = pod.exitCode === undefined ? '' : ` with exit code ${pod.exitCode}`;
      return `crashed on ${node}${code}`;
    }
    case 'device fault': {
      const broken = pod.deviceHealth.filter(({ health }) => health === 'Unhealthy');
      const which = broken.map(({ device }) => device).join(', ');
      return `lost its device on ${node}${which === '' ? '' : ` (${which})`}`;
    }
    case 'evicted':
      return `was evicted from ${node} (${pod.disruption ?? pod.statusReason})`;
    case 'preempted':
      return `was preempted on ${node}`;
    case 'reclaimed':
      return `went with its node ${node}`;
    case 'deleted':
      return `was deleted on ${node}`;
  }
}

/** Ordinals of a StatefulSet are pods of their own; what one loses, the others do not. */
function isOrdinal(slotKey: string): boolean {
  return slotKey.split('/')[1] === 'StatefulSet';
}

function bootedBetween(previous: NodeFacts, current: NodeFacts): boolean {
  return current.bootId !== '' && previous.bootId !== current.bootId;
}
