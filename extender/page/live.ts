import type { Request, Response } from 'express';
import type { DecisionRecord } from '../decisions/record.ts';
import { tellingForecasts } from '../decisions/telling-forecasts.ts';
import { timeOf } from '../facts/timestamp.ts';
import { LOSS_TERMS, type LossTerm } from '../forecast/loss-terms.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { DeviceNames } from './device-names.ts';
import type { ControlName, Entry, LiveChange, ShownNode } from './shapes.ts';
import { shownDecision, shownNode, shownPod, shownTerms } from './shown.ts';

/** How often what has changed is sent. */
const TICK_MS = 500;
/** Hazards fade without anything happening, so each tick a few nodes are looked at anew. */
const NODES_LOOKED_AT_A_TICK = 64;
/** More are a mistake: each costs a copy of what changes. */
const MOST_WATCHERS = 32;
/** A watcher that has not taken so much is cut off; it comes back and is sent everything. */
const MOST_UNSENT_BYTES = 32 * 1024 * 1024;
const MOST_DECISIONS = 50;
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
}

/**
 * Tells everybody who watches the page what has changed, by server-sent events. A tick costs what
 * has changed, however large the fleet; without watchers it costs nothing.
 */
export class LiveFeed {
  readonly #deps: LiveDeps;
  readonly #watchers = new Set<Response>();
  readonly #names = new DeviceNames();
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
  watch(_request: Request, response: Response): void {
    if (this.#watchers.size >= MOST_WATCHERS) {
      response.status(503).json({
        error: `${MOST_WATCHERS} pages are open already; close one and reload`,
      });
      return;
    }
    // What others have not been sent yet must reach them as a change, so that nobody misses it.
    this.#tick();
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
    });
    this.#watchers.add(response);
    response.once('close', () => this.#leave(response));
    response.write(messageOf(this.#everything()));
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS);
  }

  /** Lets everybody go. */
  stop(): void {
    for (const response of this.#watchers) response.end();
    this.#watchers.clear();
    clearInterval(this.#timer);
  }

  #leave(response: Response): void {
    this.#watchers.delete(response);
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

  #everything(): LiveChange {
    const snapshot = this.#deps.snapshot();
    const cluster = this.#deps.cluster();
    const nodes = [...snapshot.cluster.nodes()].map(({ name }) => this.#shown(name, snapshot));
    const known = nodes.filter((node) => node !== undefined);
    for (const node of known) this.#sent.set(node.node, JSON.stringify(node));
    return {
      ...this.#now(snapshot),
      about: {
        ...(cluster !== undefined && { cluster }),
        mode: snapshot.config.mode,
        controls: this.#deps.controls,
        terms: shownTerms(this.#deps.terms ?? LOSS_TERMS),
      },
      nodes: known,
      pending: pendingOf(snapshot),
      decisions: this.#deps.decisions
        .latest(MOST_DECISIONS)
        .toReversed()
        .map((decision) => shownDecision(decision, tellingForecasts(decision))),
      entries: this.#deps.entries(MOST_ENTRIES).toReversed(),
    };
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
    const message = messageOf(change);
    for (const response of this.#watchers) {
      if (response.writableLength > MOST_UNSENT_BYTES) response.destroy();
      else response.write(message);
    }
  }

  #now({ nowSeconds }: Snapshot): Pick<LiveChange, 'at' | 'alarm'> {
    const alarm = this.#deps.alarm();
    return { at: timeOf(nowSeconds), ...(alarm !== undefined && { alarm }) };
  }

  #nodeChanges(snapshot: Snapshot): Pick<LiveChange, 'nodes' | 'goneNodes'> {
    const nodes: ShownNode[] = [];
    const goneNodes: string[] = [];
    for (const name of new Set([...this.#touched, ...this.#nextInRotation(snapshot)])) {
      const node = this.#shown(name, snapshot);
      if (node === undefined) {
        if (this.#sent.delete(name)) goneNodes.push(name);
        this.#names.forget(name);
        continue;
      }
      const text = JSON.stringify(node);
      if (this.#sent.get(name) === text) continue;
      this.#sent.set(name, text);
      nodes.push(node);
    }
    this.#touched.clear();
    return { ...(nodes.length > 0 && { nodes }), ...(goneNodes.length > 0 && { goneNodes }) };
  }

  #nextInRotation({ cluster }: Snapshot): readonly string[] {
    if (this.#rotation.length === 0) {
      this.#rotation = [...cluster.nodes()].map(({ name }) => name);
    }
    return this.#rotation.splice(0, NODES_LOOKED_AT_A_TICK);
  }

  #decisionChanges() {
    return [...this.#decided]
      .slice(-MOST_DECISIONS)
      .map((uid) => this.#deps.decisions.of(uid))
      .filter((decision) => decision !== undefined)
      .map((decision) => shownDecision(decision, tellingForecasts(decision)));
  }

  #shown(name: string, snapshot: Snapshot): ShownNode | undefined {
    const facts = snapshot.cluster.node(name);
    if (facts === undefined) return undefined;
    const node = shownNode(facts, snapshot, (of, resource) => this.#names.of(of, resource));
    this.#names.learn(name, node.devices);
    return node;
  }
}

function pendingOf({ cluster }: Snapshot): NonNullable<LiveChange['pending']> {
  const waiting = [...cluster.pending()];
  return { count: waiting.length, pods: waiting.slice(0, MOST_PENDING).map(shownPod) };
}

function messageOf(change: LiveChange): string {
  return `data: ${JSON.stringify(change)}\n\n`;
}
