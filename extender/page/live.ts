import type { Request, Response } from 'express';
import { inBatches, MOST_AT_A_TIME_MS, turn } from '../bounds/in-turns.ts';
import type { DecisionRecord } from '../decisions/record.ts';
import { tellingForecasts } from '../decisions/telling-forecasts.ts';
import { timeOf } from '../facts/timestamp.ts';
import { LOSS_TERMS, type LossTerm } from '../forecast/loss-terms.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { EventMessage, EventStream } from './event-stream.ts';
import { nodeSummary } from './node-summary.ts';
import type { ControlName, Entry, LiveChange, ShownNodeSummary } from './shapes.ts';
import { shownDecision, shownPod, shownTerms } from './shown.ts';

/** How often what has changed is sent. */
const TICK_MS = 500;
/** Hazards fade without anything happening, so each node is looked at anew every two minutes. */
const TICKS_FOR_ALL_NODES = 240;
/** More are a mistake: each costs a copy of what changes. */
const MOST_WATCHERS = 32;
/** A watcher that has not taken so much is cut off; it comes back and is sent everything. */
const MOST_UNSENT_BYTES = 4 * 1024 * 1024;
const MOST_DECISIONS = 50;
/** Each takes about a tenth of a millisecond to make. */
const DECISIONS_A_TURN = 10;
/** More in half a second nobody reads, and each is made while a scheduler may wait. */
const MOST_DECISIONS_A_TICK = 8;
const MOST_ENTRIES = 200;
const MOST_PENDING = 100;

export interface LiveDeps {
  readonly snapshot: () => Snapshot;
  readonly decisions: DecisionRecord;
  /** The journal's latest entries, newest first. */
  readonly entries: (count: number) => readonly Entry[];
  readonly controls: readonly ControlName[];
  /** Default: those of Surefoot. */
  readonly terms?: readonly LossTerm[];
  /** What the cluster is called; `undefined` where nobody has said it. */
  readonly cluster: () => string | undefined;
  /** What is wrong with how we are asked; `undefined` when nothing is. */
  readonly alarm: () => string | undefined;
  /** Of a fleet that is simulated. */
  readonly story?: Story;
}

/** How a simulated fleet is shown. */
export interface Story {
  /** How many of its seconds go by in one of ours. */
  readonly speed: number;
  /** What is being shown now, in a sentence; `undefined` when nothing is. */
  readonly caption: () => string | undefined;
}

/**
 * Tells everybody who watches the page what has changed, by server-sent events. A tick costs what
 * has changed, however large the fleet, and a few milliseconds at most; without watchers it costs nothing.
 */
export class LiveFeed {
  readonly #deps: LiveDeps;
  readonly #watchers = new Set<EventStream>();
  /** Node to what was last sent of it, as JSON. */
  readonly #sent = new Map<string, string>();
  readonly #touched = new Set<string>();
  readonly #decided = new Set<string>();
  #entries: Entry[] = [];
  #isPendingTouched = false;
  #rotation: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: LiveDeps) {
    this.#deps = deps;
    deps.decisions.subscribe((podUid) => {
      if (this.#watchers.size > 0) this.#decided.add(podUid);
    });
  }

  /** Something about this node has changed; `undefined`: about pods that wait for one. */
  touched(node: string | undefined): void {
    if (this.#watchers.size === 0) return;
    if (node !== undefined) this.#touched.add(node);
    else this.#isPendingTouched = true;
  }

  wrote(entry: Entry): void {
    if (this.#watchers.size > 0) this.#entries.push(entry);
  }

  /** Answers a request with everything, and then with each change, until it closes. */
  watch(request: Pick<Request, 'headers' | 'method'>, response: Response): void {
    if (request.method === 'HEAD') {
      response.type('text/event-stream').end();
      return;
    }
    if (this.#watchers.size >= MOST_WATCHERS) {
      response.status(503).json({
        error: `${MOST_WATCHERS} pages are open already; close one and reload`,
      });
      return;
    }
    // What others have not been sent yet must reach them as a change, so that nobody misses it.
    this.#tick();
    const stream = new EventStream(request, response);
    this.#watchers.add(stream);
    response.once('close', () => this.#leave(stream));
    stream.send(new EventMessage(this.#beginning()));
    void this.#sendRest(stream);
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Lets everybody go. */
  stop(): void {
    for (const stream of this.#watchers) stream.end();
    this.#watchers.clear();
    clearInterval(this.#timer);
  }

  #leave(stream: EventStream): void {
    this.#watchers.delete(stream);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    // The next watcher is sent everything.
    this.#touched.clear();
    this.#decided.clear();
    this.#sent.clear();
    this.#rotation = [];
    this.#entries = [];
  }

  /** Everything but decisions and nodes. */
  #beginning(): LiveChange {
    const snapshot = this.#deps.snapshot();
    const cluster = this.#deps.cluster();
    const { controls, terms = LOSS_TERMS, story } = this.#deps;
    return {
      ...this.#now(snapshot),
      about: {
        ...(cluster !== undefined && { cluster }),
        mode: snapshot.config.mode,
        controls,
        terms: shownTerms(terms),
        ...(story !== undefined && { simulatedSpeed: story.speed }),
        nodes: [...snapshot.cluster.nodes()].length,
      },
      pending: pendingOf(snapshot),
      entries: this.#deps.entries(MOST_ENTRIES).toReversed(),
    };
  }

  async #sendRest(stream: EventStream): Promise<void> {
    const latest = this.#deps.decisions.latest(MOST_DECISIONS).toReversed();
    for (let at = 0; at < latest.length && !stream.isClosed; at += DECISIONS_A_TURN) {
      const decisions = latest
        .slice(at, at + DECISIONS_A_TURN)
        .map((decision) => shownDecision(decision, tellingForecasts(decision)));
      stream.send(new EventMessage({ ...this.#now(this.#deps.snapshot()), decisions }));
      await turn();
    }
    await this.#sendNodes(stream);
  }

  /** All nodes to one watcher: a scheduler's question never waits for more than a few of them. */
  async #sendNodes(stream: EventStream): Promise<void> {
    const names = [...this.#deps.snapshot().cluster.nodes()].map(({ name }) => name);
    const summary = (name: string) => summaryOf(name, this.#deps.snapshot());
    for await (const made of inBatches(names, summary)) {
      if (stream.isClosed) return;
      const nodes = made.filter((node) => node !== undefined);
      for (const node of nodes) {
        if (!this.#sent.has(node.node)) this.#sent.set(node.node, JSON.stringify(node));
      }
      stream.send(new EventMessage({ ...this.#now(this.#deps.snapshot()), nodes }));
    }
  }

  #tick(): void {
    if (this.#watchers.size === 0) return;
    const snapshot = this.#deps.snapshot();
    const change: LiveChange = {
      ...this.#now(snapshot),
      ...this.#nodeChanges(snapshot),
      ...(this.#isPendingTouched && { pending: pendingOf(snapshot) }),
      ...(this.#decided.size > 0 && { decisions: this.#decisionChanges() }),
      ...(this.#entries.length > 0 && { entries: this.#entries.slice(-MOST_ENTRIES) }),
    };
    this.#entries = [];
    this.#isPendingTouched = false;
    this.#decided.clear();
    const message = new EventMessage(change);
    for (const stream of this.#watchers) {
      if (stream.waitingBytes > MOST_UNSENT_BYTES) stream.destroy();
      else stream.send(message);
    }
  }

  #now({ nowSeconds }: Snapshot): Pick<LiveChange, 'at' | 'alarm' | 'caption'> {
    const alarm = this.#deps.alarm();
    const caption = this.#deps.story?.caption();
    return {
      at: timeOf(nowSeconds),
      ...(alarm !== undefined && { alarm }),
      ...(caption !== undefined && { caption }),
    };
  }

  /** What takes longer than its turn is left for the next tick. */
  #nodeChanges(snapshot: Snapshot): Pick<LiveChange, 'nodes' | 'goneNodes'> {
    const nodes: ShownNodeSummary[] = [];
    const goneNodes: string[] = [];
    const begunMs = performance.now();
    for (const name of this.#nextInRotation(snapshot)) this.#touched.add(name);
    for (const name of this.#touched) {
      if (performance.now() - begunMs > MOST_AT_A_TIME_MS) break;
      this.#touched.delete(name);
      const node = summaryOf(name, snapshot);
      if (node === undefined) {
        if (this.#sent.delete(name)) goneNodes.push(name);
        continue;
      }
      const text = JSON.stringify(node);
      if (this.#sent.get(name) === text) continue;
      this.#sent.set(name, text);
      nodes.push(node);
    }
    return { ...(nodes.length > 0 && { nodes }), ...(goneNodes.length > 0 && { goneNodes }) };
  }

  #nextInRotation({ cluster }: Snapshot): readonly string[] {
    if (this.#rotation.length === 0) {
      this.#rotation = [...cluster.nodes()].map(({ name }) => name);
    }
    return this.#rotation.splice(0, Math.ceil(this.#sent.size / TICKS_FOR_ALL_NODES));
  }

  #decisionChanges() {
    return [...this.#decided]
      .slice(-MOST_DECISIONS_A_TICK)
      .map((uid) => this.#deps.decisions.of(uid))
      .filter((decision) => decision !== undefined)
      .map((decision) => shownDecision(decision, tellingForecasts(decision)));
  }
}

function summaryOf(name: string, snapshot: Snapshot): ShownNodeSummary | undefined {
  const facts = snapshot.cluster.node(name);
  return facts && nodeSummary(facts, snapshot);
}

function pendingOf({ cluster }: Snapshot): NonNullable<LiveChange['pending']> {
  const waiting = [...cluster.pending()];
  return { count: waiting.length, pods: waiting.slice(0, MOST_PENDING).map(shownPod) };
}
