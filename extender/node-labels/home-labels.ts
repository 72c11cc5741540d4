import type { Logger } from 'pino';
import { modeIn } from '../../webhook/words/mode.ts';
import { hazardClass } from '../hazard/pod-hazard.ts';
import type { Departure } from '../homes/departure.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type HomeNode, planHomeLabels } from './home-plan.ts';
import type { NodeWriter } from './node-writer.ts';
import { NodeReconciler } from './reconcile.ts';

export interface HomeLabelsDeps {
  readonly writer: Pick<NodeWriter, 'writeHomes'>;
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
  readonly onLabelled: (change: 'added' | 'removed', labels: number) => void;
  readonly log: Logger;
}

/** Nodes changed in a round, of a second: as many as 5,000 kubelets change by themselves. */
const MOST_CHANGES = 20;

/**
 * Labels the nodes that slots have left and are to come back to, for schedulers that do not ask us: one label for each
 * slot, which the affinity of its next pod names. Nodes whose devices fail more than usual are nobody's home. Only the
 * leader does it, in namespaces that act.
 */
export class HomeLabels {
  readonly #deps: HomeLabelsDeps;
  readonly #reconciler: NodeReconciler;

  constructor(deps: HomeLabelsDeps) {
    this.#deps = deps;
    this.#reconciler = new NodeReconciler({
      ...deps,
      off: 'hints.homes: false',
      mostChanges: MOST_CHANGES,
    });
  }

  /** One round; called every second. */
  async round(): Promise<void> {
    const { writer, snapshot, onLabelled, log } = this.#deps;
    await this.#reconciler.round(
      () => planHomeLabels(homeNodes(snapshot())),
      async ({ name, added, removed }) => {
        await writer.writeHomes(name, { added, removed });
        onLabelled('added', added.length);
        onLabelled('removed', removed.length);
        log.info({ node: name, added: added.length, removed: removed.length }, 'labelled as home');
      },
    );
  }
}

/** The nodes that have such labels, or are to have them. */
function homeNodes(snapshot: Snapshot): readonly HomeNode[] {
  const { cluster, homes, config } = snapshot;
  const labelled = [...cluster.nodes()].filter(({ homeLabels }) => homeLabels !== undefined);
  const names = new Set(labelled.map(({ name }) => name));
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
        labelled: facts.homeLabels ?? [],
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
