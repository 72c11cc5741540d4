import { inTurns } from '../bounds/in-turns.ts';
import { hazardClass } from '../hazard/pod-hazard.ts';
import { withRaised } from '../history/raised.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';

export interface RaisedHostsDeps {
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
}

/** Keeps in each host's history since when its hazard is elevated or high, so that a report can say whether that was right. */
export class RaisedHosts {
  readonly #deps: RaisedHostsDeps;

  constructor(deps: RaisedHostsDeps) {
    this.#deps = deps;
  }

  /** Looks at all nodes; called every ten minutes. */
  async round(): Promise<void> {
    const { snapshot, isLeader } = this.#deps;
    await inTurns([...snapshot().cluster.nodes()], ({ name }) => {
      if (!isLeader()) return;
      const now = snapshot();
      const node = now.cluster.node(name);
      const hazard = node && nodeHazard(node, now);
      if (node === undefined || hazard === undefined) return;
      const history = now.store.draft(node.host);
      const isRaised = hazardClass(hazard.times) !== 'normal';
      const raised = withRaised(history.raised, isRaised, now.nowSeconds);
      if (raised !== history.raised) now.store.put({ ...history, node: name, raised });
    });
  }
}
