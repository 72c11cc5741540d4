import type { Logger } from 'pino';
import { modeIn } from '../../webhook/words/mode.ts';
import { hazardClass } from '../hazard/pod-hazard.ts';
import type { Departure } from '../homes/departure.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type HomeNode, planHomes } from './home-plan.ts';
import { nodeHazard } from './node-hazard.ts';
import type { NodeMarker } from './node-writer.ts';
import { Marking } from './reconcile.ts';

export interface HomeHintsDeps {
  readonly marker: Pick<NodeMarker, 'labelHomes'>;
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
  readonly onMarked: (change: 'added' | 'removed', labels: number) => void;
  readonly log: Logger;
}

/** Nodes changed in a round, of a second: as many as 5,000 kubelets change by themselves. */
const MOST_CHANGES = 20;

/**
 * Marks the nodes that slots have left and are to come back to, for schedulers that do not ask us: a label for each
 * slot, of which its next pod knows by itself. Nodes whose devices fail more than usual are nobody's home. Only
 * the replica that keeps the history does it, in namespaces that act.
 */
export class HomeHints {
  readonly #deps: HomeHintsDeps;
  readonly #marking: Marking;

  constructor(deps: HomeHintsDeps) {
    this.#deps = deps;
    this.#marking = new Marking({
      ...deps,
      off: 'hints.homes: false',
      mostChanges: MOST_CHANGES,
    });
  }

  /** One round; called every second. */
  async round(): Promise<void> {
    const { marker, snapshot, onMarked, log } = this.#deps;
    await this.#marking.round(
      () => planHomes(homeNodes(snapshot())),
      async ({ name, added, removed }) => {
        await marker.labelHomes(name, { added, removed });
        onMarked('added', added.length);
        onMarked('removed', removed.length);
        log.info({ node: name, added: added.length, removed: removed.length }, 'marked as home');
      },
    );
  }
}

/** The nodes that are marked, or are to be. */
function homeNodes(snapshot: Snapshot): readonly HomeNode[] {
  const { cluster, homes, config } = snapshot;
  const marked = [...cluster.nodes()].filter(({ homeLabels }) => homeLabels !== undefined);
  const names = new Set(marked.map(({ name }) => name));
  if (config.hints.homes) for (const name of homes.nodes()) names.add(name);
  return [...names].flatMap((name) => {
    const facts = cluster.node(name);
    if (facts === undefined) return [];
    const isGood =
      facts.hint === undefined && hazardClass(nodeHazard(facts, snapshot)?.times ?? 0) === 'normal';
    const away = config.hints.homes && isGood ? homes.on(name, snapshot.nowSeconds) : [];
    return [
      {
        name,
        marked: facts.homeLabels ?? [],
        away: away.filter((slot) => isActedFor(slot, snapshot)),
      },
    ];
  });
}

function isActedFor({ slot }: Departure, { config, cluster }: Snapshot): boolean {
  const namespace = slot.key.slice(0, slot.key.indexOf('/'));
  const mayOnlyObserve = cluster.namespaceOptIn(namespace) === 'observe';
  return modeIn(namespace, config, mayOnlyObserve) === 'act';
}
