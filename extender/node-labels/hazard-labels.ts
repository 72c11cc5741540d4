import type { Logger } from 'pino';
import type { NodeFacts } from '../facts/facts.ts';
import { hazardInWords } from '../forecast/hazard-words.ts';
import type { HazardClass } from '../hazard/pod-hazard.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { type HazardChange, planHazardLabels } from './hazard-plan.ts';
import type { NodeWriter } from './node-writer.ts';
import { NodeReconciler } from './reconcile.ts';

export interface HazardLabelsDeps {
  readonly writer: Pick<NodeWriter, 'writeHazard'>;
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
  readonly onLabelled: (hazard: HazardClass) => void;
  readonly log: Logger;
}

/** Nodes changed in a round, of some seconds. */
const MOST_CHANGES = 10;

/**
 * Labels nodes whose devices fail more often than the fleet's, for schedulers that do not ask us. Only the leader does
 * it, only in mode act, and it takes the labels away again when they are no longer wanted.
 */
export class HazardLabels {
  readonly #deps: HazardLabelsDeps;
  readonly #reconciler: NodeReconciler;
  #unlabelled = 0;

  constructor(deps: HazardLabelsDeps) {
    this.#deps = deps;
    this.#reconciler = new NodeReconciler({
      ...deps,
      off: 'hints.label: false',
      mostChanges: MOST_CHANGES,
    });
  }

  /** Nodes of a bad hazard without a label, because enough others have one. */
  get unlabelled(): number {
    return this.#unlabelled;
  }

  /** One round; called every few seconds. */
  async round(): Promise<void> {
    const { writer, onLabelled, log } = this.#deps;
    await this.#reconciler.round(
      () => this.#planned(),
      async ({ name, hazard, words, isTainted }) => {
        await writer.writeHazard(
          name,
          hazard === 'normal' ? undefined : { hazard, words, isTainted },
        );
        onLabelled(hazard);
        log.info({ node: name, hazard, why: words }, 'labelled');
      },
    );
  }

  #planned(): readonly PlannedLabel[] {
    const snapshot = this.#deps.snapshot();
    const { config, cluster } = snapshot;
    const isOn = config.hints.label && config.mode === 'act';
    const nodes = [...cluster.nodes()];
    if (!isOn && !nodes.some(({ hint }) => hint !== undefined)) return [];
    // Labels that are only taken away need no hazard.
    const hazards = new Map(
      isOn ? nodes.map((node) => [node.name, nodeHazard(node, snapshot)] as const) : [],
    );
    const plan = planHazardLabels(
      nodes.map((node) => ({
        name: node.name,
        times: hazards.get(node.name)?.times ?? 0,
        labelled: classOf(node.hint?.label),
      })),
      Math.floor((nodes.length * config.hints.mostPercent) / 100),
    );
    this.#unlabelled = plan.unlabelled;
    return [...plan.changes, ...corrections(nodes, snapshot, isOn)].map(({ name, hazard }) => {
      const found = hazards.get(name);
      const words = found === undefined ? '' : hazardInWords(found);
      return { name, hazard, words, isTainted: config.hints.taint && hazard === 'high' };
    });
  }
}

/** A change, and why. */
interface PlannedLabel extends HazardChange {
  readonly words: string;
  readonly isTainted: boolean;
}

/** Corrects labels with a value that is not ours, and taints that do not go with their label. */
function corrections(
  nodes: readonly NodeFacts[],
  { config }: Snapshot,
  isOn: boolean,
): readonly HazardChange[] {
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
