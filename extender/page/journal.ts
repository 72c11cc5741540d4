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
/** A job that loses a pod again and again would be one entry for ever. */
const LONGEST_TOGETHER_SECONDS = 300;

const KIND_OF: Readonly<Record<DepartureCause, EntryKind>> = {
  completed: 'completion',
  crashed: 'crash',
  'device fault': 'device fault',
  evicted: 'eviction',
  preempted: 'preemption',
  reclaimed: 'reclaim',
  deleted: 'deletion',
};

/** An entry that tells of several things, one soon after the other. */
interface Spell {
  readonly number: number;
  readonly firstAtSeconds: number;
  lastAtSeconds: number;
}

/** The members of one workload that have left together so far. */
interface Leaving extends Spell {
  readonly pods: Set<string>;
  readonly firstWords: string;
}

/** What happens to a node, of one and of several. */
interface NodeChange {
  readonly kind: EntryKind;
  readonly one: string;
  readonly many: string;
}

/** Nodes to which the same has happened. */
interface Together extends Spell {
  readonly nodes: string[];
}

const CORDONED: NodeChange = {
  kind: 'cordon',
  one: 'is cordoned: no new pods',
  many: 'are cordoned, and take no new pods',
};
const UNCORDONED: NodeChange = {
  kind: 'node back',
  one: 'takes new pods again',
  many: 'take new pods again',
};
const READY: NodeChange = { kind: 'node back', one: 'is ready again', many: 'are ready again' };
const BOOTED: NodeChange = {
  kind: 'node back',
  one: 'is ready again after booting anew',
  many: 'are ready again after booting anew',
};
const DOWN: NodeChange = { kind: 'node down', one: 'is not ready', many: 'are not ready' };
const PLANNED: NodeChange = {
  kind: 'planned reboot',
  one: 'is down; it was cordoned before, so this is planned work and held against nobody',
  many: 'are down; they were cordoned before, so this is planned work and held against nobody',
};
const REPAIR: NodeChange = {
  kind: 'node down',
  one: 'is down; it was cordoned before, but with a fault open: a repair, not planned work',
  many: 'are down; they were cordoned before, but with faults open: repairs, not planned work',
};
/** More names are no help: the map shows them. */
const MOST_NAMED = 8;

/** What Surefoot has seen happen to devices, nodes and pods, in words; the latest, in bounded memory. */
export class Journal {
  readonly #entries = new Map<number, Entry>();
  readonly #leaving = new Map<string, Leaving>();
  /** The latest nodes of each change. */
  readonly #together = new Map<NodeChange, Together>();
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
    const { isCordoned, isReady } = current;
    const write = (change: NodeChange) => this.#changed(change, current.name, nowSeconds);
    if (isCordoned && !previous.isCordoned) write(CORDONED);
    if (!isReady && previous.isReady) write(wentDown(current, isPlanned));
    if (isReady && !previous.isReady) {
      write(bootedBetween(previous, current) ? BOOTED : READY);
    }
    if (!isCordoned && previous.isCordoned) write(UNCORDONED);
  }

  /** Nodes to which the same happens one soon after the other are one entry: a rack that boots anew would fill the page. */
  #changed(change: NodeChange, node: string, nowSeconds: number): void {
    const last = this.#together.get(change);
    if (last === undefined || isOver(last, nowSeconds)) {
      const number = this.#write(nowSeconds, change.kind, `${node} ${change.one}`, node);
      this.#together.set(change, {
        number,
        nodes: [node],
        firstAtSeconds: nowSeconds,
        lastAtSeconds: nowSeconds,
      });
      return;
    }
    if (!last.nodes.includes(node)) last.nodes.push(node);
    last.lastAtSeconds = nowSeconds;
    const { number, nodes, firstAtSeconds } = last;
    if (nodes.length === 1) return;
    const words = `${nodes.length} nodes ${change.many}: ${namesInWords(nodes)}`;
    this.#put({ number, at: timeOf(firstAtSeconds), kind: change.kind, words });
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
    if (leaving === undefined || isOver(leaving, atSeconds)) {
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
    for (const [workload, leaving] of this.#leaving) {
      if (isOver(leaving, nowSeconds)) this.#leaving.delete(workload);
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

/** Whether what happens now is another entry: some time after the last, or long after the first. */
function isOver({ firstAtSeconds, lastAtSeconds }: Spell, nowSeconds: number): boolean {
  return (
    nowSeconds - lastAtSeconds > TOGETHER_SECONDS ||
    nowSeconds - firstAtSeconds > LONGEST_TOGETHER_SECONDS
  );
}

function wentDown({ isCordoned }: NodeFacts, isPlanned: boolean): NodeChange {
  if (!isCordoned) return DOWN;
  return isPlanned ? PLANNED : REPAIR;
}

/** `gpu-1, gpu-2 and 6 more`. */
function namesInWords(names: readonly string[]): string {
  const rest = names.length - MOST_NAMED;
  const shown = names.slice(0, MOST_NAMED).join(', ');
  return rest > 0 ? `${shown} and ${rest} more` : shown;
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
