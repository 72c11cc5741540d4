import type { Logger } from 'pino';
import { inBatches } from '../bounds/in-turns.ts';
import type { Catalogue, CatalogueRow, Metric } from '../signals/catalogue.ts';
import { type Measured, type Reading, readAnswers } from './answers.ts';
import { NoAnswer } from './client.ts';
import { whatIsBad, whatIsWell } from './questions.ts';
import type { Sample } from './samples.ts';
import type { PrometheusSettings } from './settings.ts';
import type { Standing } from './standing.ts';

export interface PollerDeps {
  readonly settings: () => PrometheusSettings | undefined;
  readonly catalogue: () => Catalogue;
  readonly ask: (
    settings: PrometheusSettings,
    query: string,
    ending: AbortSignal,
  ) => Promise<readonly Sample[]>;
  /** Whether this replica keeps the history. */
  readonly isLeader: () => boolean;
  readonly isNode: (name: string) => boolean;
  /** What stands of these rows by the histories. */
  readonly standing: (rows: ReadonlySet<string>) => Standing;
  readonly measured: (row: string, node: string, measured: Measured) => void;
  /** Nothing is known from metrics from now on; `isAsked`: somebody asks, though not this replica. */
  readonly forget: (isAsked: boolean) => void;
  readonly onAsked: (result: 'answered' | 'failed') => void;
  /** Samples that were not heard. */
  readonly onUnheard: (count: number) => void;
  readonly nowSeconds: () => number;
  /** Milliseconds that only ever grow. */
  readonly nowMs: () => number;
  readonly log: Logger;
}

/** What is said of the asking. */
export interface AskedPrometheus {
  readonly url: string;
  readonly askedAtSeconds?: number;
  /** What was wrong in the last round, in sentences. */
  readonly problems: readonly string[];
}

const NOTHING: Measured = new Map();
/** About how many nodes one question is. */
const MOST_NODES = 100;
/** A round ends before the next one is due. */
const LONGEST_ROUND_MS = 25_000;
/** For how long a device is not heard of, while others of its node are, before it is taken to be gone (judgement). */
const GONE_SECONDS = 86_400;

/** Asks a Prometheus what the rows of the catalogue want to know, round by round, while this replica leads. */
export class PrometheusPoller {
  readonly #deps: PollerDeps;
  readonly #ending = new AbortController();
  /** By row: the nodes of which its last answer spoke. */
  readonly #heardOf = new Map<string, ReadonlySet<string>>();
  /** By row: since when a key that stands was not heard of, while others of its node were. */
  readonly #missedSinceSeconds = new Map<string, ReadonlyMap<string, number>>();
  #askedAtSeconds: number | undefined;
  #problems: readonly string[] = [];
  #isBusy = false;
  #turn = 0;

  constructor(deps: PollerDeps) {
    this.#deps = deps;
  }

  /** Absent where nobody is to be asked. */
  get state(): AskedPrometheus | undefined {
    const url = this.#deps.settings()?.url;
    if (url === undefined) return undefined;
    const askedAtSeconds = this.#askedAtSeconds;
    return {
      url,
      problems: this.#problems,
      ...(askedAtSeconds !== undefined && { askedAtSeconds }),
    };
  }

  /** Ends the question that is under way: the program does not wait for it. */
  stop(): void {
    this.#ending.abort();
  }

  /** One round; nothing happens while the last one is under way. */
  async round(): Promise<void> {
    const { settings, isLeader, forget } = this.#deps;
    const asked = settings();
    if (asked === undefined || !isLeader()) {
      this.#problems = [];
      this.#askedAtSeconds = undefined;
      this.#heardOf.clear();
      this.#missedSinceSeconds.clear();
      forget(asked !== undefined);
      return;
    }
    if (this.#isBusy || this.#ending.signal.aborted) return;
    if (this.#askedAtSeconds === undefined) forget(true);
    this.#isBusy = true;
    try {
      const problems = await this.#askAll(asked);
      if (!this.#ending.signal.aborted) this.#tell(problems);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Asks for every row, each time beginning with another one; gives what was wrong. */
  async #askAll(settings: PrometheusSettings): Promise<readonly string[]> {
    const { catalogue, standing, nowSeconds, nowMs } = this.#deps;
    const rows = catalogue().of('prometheus');
    const names = catalogue().namesOf('prometheus');
    this.#forgetAllBut(names);
    const stands = standing(names);
    const begunMs = nowMs();
    const problems: string[] = [];
    this.#turn += 1;
    for (const [at, row] of inTurn(rows, this.#turn, rows.length).entries()) {
      if (nowMs() - begunMs > LONGEST_ROUND_MS) {
        const rest = `${rows.length - at} of ${rows.length} rows wait for the next round`;
        problems.push(`the answers took ${LONGEST_ROUND_MS / 1000} s: ${rest}`);
        break;
      }
      const { words, isAway } = await this.#askFor(row, stands.get(row.name), settings);
      problems.push(...words);
      // Nobody is there: each other question would only wait as long.
      if (isAway) break;
    }
    this.#askedAtSeconds = nowSeconds();
    return problems.toSorted();
  }

  async #askFor(
    row: CatalogueRow,
    standing: ReadonlyMap<string, ReadonlySet<string>> = new Map(),
    settings: PrometheusSettings,
  ): Promise<{ readonly words: readonly string[]; readonly isAway: boolean }> {
    const { isLeader, isNode, onAsked, onUnheard } = this.#deps;
    const metric = row.metric as Metric;
    const { trusted } = settings;
    const words: string[] = [];
    let isAway = false;
    const ask = async (query: string): Promise<readonly Sample[] | undefined> => {
      try {
        return await this.#deps.ask(settings, query, this.#ending.signal);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        isAway = error.isAway;
        words.push(error.isAway ? error.message : `row ${row.name}: ${error.message}`);
        return undefined;
      }
    };
    const bad = await ask(whatIsBad(metric, trusted));
    const nodes = inTurn([...standing.keys()], this.#turn * MOST_NODES, MOST_NODES);
    const well =
      bad === undefined || nodes.length === 0
        ? []
        : ((await ask(whatIsWell(nodes, metric, trusted))) ?? []);
    onAsked(words.length === 0 ? 'answered' : 'failed');
    if (bad === undefined || !isLeader()) return { words, isAway };
    const reading = readAnswers({ bad, well }, row, { trusted, isNode, standing });
    onUnheard(reading.unheard);
    if (reading.byNode.size === 0 && bad.length > 0) {
      const { node, device } = metric.labels;
      const labels = device === undefined ? node : `${node} and ${device}`;
      words.push(
        `row ${row.name}: none of its ${bad.length} bad series names a Node of the cluster by its labels ${labels}`,
      );
    }
    await this.#handIn(row.name, this.#withGone(row.name, reading));
    return { words, isAway };
  }

  /** What was read, and as well what stands of devices that are gone. */
  #withGone(row: string, { byNode, missed }: Reading): ReadonlyMap<string, Measured> {
    const nowSeconds = this.#deps.nowSeconds();
    const before = this.#missedSinceSeconds.get(row);
    const since = new Map<string, number>();
    const all = new Map(byNode);
    for (const [node, keys] of missed) {
      for (const key of keys) {
        const sinceSeconds = before?.get(`${node} ${key}`) ?? nowSeconds;
        since.set(`${node} ${key}`, sinceSeconds);
        if (nowSeconds - sinceSeconds < GONE_SECONDS) continue;
        all.set(node, new Map([...(all.get(node) ?? []), [key, []]]));
      }
    }
    this.#missedSinceSeconds.set(row, since);
    return all;
  }

  async #handIn(row: string, byNode: ReadonlyMap<string, Measured>): Promise<void> {
    const { measured, isLeader } = this.#deps;
    const silent = [...(this.#heardOf.get(row) ?? [])].filter((node) => !byNode.has(node));
    this.#heardOf.set(row, new Set(byNode.keys()));
    const all = [...silent.map((node) => [node, NOTHING] as const), ...byNode];
    for await (const _done of inBatches(all, ([node, found]) => {
      if (isLeader()) measured(row, node, found);
    }));
  }

  /** A row that is no more says nothing. */
  #forgetAllBut(names: ReadonlySet<string>): void {
    for (const [row, nodes] of this.#heardOf) {
      if (names.has(row)) continue;
      this.#heardOf.delete(row);
      this.#missedSinceSeconds.delete(row);
      for (const node of nodes) this.#deps.measured(row, node, NOTHING);
    }
  }

  #tell(problems: readonly string[]): void {
    const { log } = this.#deps;
    const isNew = problems.join('\n') !== this.#problems.join('\n');
    if (isNew && problems.length > 0) log.warn({ problems }, 'signs from metrics are missing');
    else if (isNew) log.info('Prometheus answers every question again');
    this.#problems = problems;
  }
}

/** At most so many, from this place on and round again. */
function inTurn<T>(all: readonly T[], place: number, most: number): readonly T[] {
  const from = all.length === 0 ? 0 : place % all.length;
  return [...all.slice(from), ...all.slice(0, from)].slice(0, most);
}
