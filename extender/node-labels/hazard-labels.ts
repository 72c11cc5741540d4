import type { Logger } from 'pino';
import type { NodeFacts } from '../facts/facts.ts';
import { hazardInWords } from '../forecast/hazard-words.ts';
import type { HazardClass } from '../hazard/pod-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type HintChange, planHints } from './hazard-plan.ts';
import { nodeHazard } from './node-hazard.ts';
import type { NodeMarker } from './node-writer.ts';
import { Marking } from './reconcile.ts';

export interface NodeHintsDeps {
  readonly marker: Pick<NodeMarker, 'mark'>;
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
  readonly onMarked: (hazard: HazardClass) => void;
  readonly log: Logger;
}

/** Nodes changed in a round, of some seconds. */
const MOST_CHANGES = 10;

/**
 * Marks nodes whose devices fail more often than the fleet's, for schedulers that do not ask us. Only the
 * replica that keeps the history does it, only in mode act, and whatever it is told to mark no more it takes
 * away again.
 */
export class NodeHints {
  readonly #deps: NodeHintsDeps;
  readonly #marking: Marking;
  #unmarked = 0;

  constructor(deps: NodeHintsDeps) {
    this.#deps = deps;
    this.#marking = new Marking({
      ...deps,
      off: 'hints.label: false',
      mostChanges: MOST_CHANGES,
    });
  }

  /** Nodes that are bad and unmarked, because enough others are marked. */
  get unmarked(): number {
    return this.#unmarked;
  }

  /** One round; called every few seconds. */
  async round(): Promise<void> {
    const { marker, onMarked, log } = this.#deps;
    await this.#marking.round(
      () => this.#planned(),
      async ({ name, hazard, words, isTainted }) => {
        await marker.mark(name, hazard === 'normal' ? undefined : { hazard, words, isTainted });
        onMarked(hazard);
        log.info({ node: name, hazard, why: words }, 'marked');
      },
    );
  }

  #planned(): readonly PlannedMark[] {
    const snapshot = this.#deps.snapshot();
    const { config, cluster } = snapshot;
    const isOn = config.hints.label && config.mode === 'act';
    const nodes = [...cluster.nodes()];
    if (!isOn && !nodes.some(({ hint }) => hint !== undefined)) return [];
    // What is only taken away is not weighed.
    const hazards = new Map(
      isOn ? nodes.map((node) => [node.name, nodeHazard(node, snapshot)] as const) : [],
    );
    const plan = planHints(
      nodes.map((node) => ({
        name: node.name,
        times: hazards.get(node.name)?.times ?? 0,
        marked: classOf(node.hint?.label),
      })),
      Math.floor((nodes.length * config.hints.mostPercent) / 100),
    );
    this.#unmarked = plan.unmarked;
    return [...plan.changes, ...mended(nodes, snapshot, isOn)].map(({ name, hazard }) => {
      const found = hazards.get(name);
      const words = found === undefined ? '' : hazardInWords(found);
      return { name, hazard, words, isTainted: config.hints.taint && hazard === 'high' };
    });
  }
}

/** A change, and why. */
interface PlannedMark extends HintChange {
  readonly words: string;
  readonly isTainted: boolean;
}

/** Marks that are none of ours, and taints that do not go with their label. */
function mended(
  nodes: readonly NodeFacts[],
  { config }: Snapshot,
  isOn: boolean,
): readonly HintChange[] {
  return nodes.flatMap(({ name, hint }) => {
    if (hint === undefined) return [];
    const hazard = classOf(hint.label);
    const isTainted = isOn && config.hints.taint && hazard === 'high';
    const isRight = hint.isTainted === isTainted && (hazard !== 'normal' || hint.label === '');
    return isRight ? [] : [{ name, hazard: isOn ? hazard : 'normal' }];
  });
}

function classOf(label = ''): HazardClass {
  return label === 'elevated' || label === 'high' ? label : 'normal';
}
