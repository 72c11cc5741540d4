import type { NodeFacts } from '../facts/facts.ts';
import { incidentInWords } from '../forecast/evidence.ts';
import { timesInWords } from '../forecast/hazard-words.ts';
import { hazardClass } from '../hazard/pod-hazard.ts';
import type { HostHistory } from '../history/host-history.ts';
import type { HostId } from '../signals/identity.ts';
import { nodeHazard } from '../state/node-hazard.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { noteOf, type WrittenEvent } from './event-writer.ts';

export interface NodeEventsDeps {
  readonly snapshot: () => Snapshot;
  readonly isLeader: () => boolean;
  readonly write: (node: NodeFacts, event: WrittenEvent) => void;
}

/** Tells, on the Node, when its hazard has turned high, and when its incidents were forgiven. */
export class NodeEvents {
  readonly #deps: NodeEventsDeps;
  /** Hosts whose hazard is high, as was told. */
  readonly #high = new Set<HostId>();

  constructor(deps: NodeEventsDeps) {
    this.#deps = deps;
  }

  /** The stored history of a host has changed. */
  stored(before: HostHistory, after: HostHistory): void {
    const { snapshot, isLeader, write } = this.#deps;
    if (!isLeader()) return;
    const now = snapshot();
    const node = now.cluster.onHost(after.host);
    if (node === undefined) {
      this.#high.delete(after.host);
      return;
    }
    const forgiven = forgivenSince(before, after);
    if (forgiven !== undefined) write(node, forgiven);
    const high = this.#turnedHigh(node, before, after, now);
    if (high !== undefined) write(node, high);
  }

  /** Only with a new incident: what was high when this replica began to lead was told by the one before it. */
  #turnedHigh(
    node: NodeFacts,
    before: HostHistory,
    after: HostHistory,
    now: Snapshot,
  ): WrittenEvent | undefined {
    const wasHigh = this.#high.has(after.host);
    const known = new Set(before.incidents.map(({ id }) => id));
    const isNew = after.incidents.some(({ id }) => !known.has(id));
    // Most changes are of work done and of homes.
    if (!wasHigh && !isNew) return undefined;
    const hazard = nodeHazard(node, now);
    if (hazard === undefined || hazardClass(hazard.times) !== 'high') {
      this.#high.delete(after.host);
      return undefined;
    }
    if (wasHigh) return undefined;
    this.#high.add(after.host);
    const [worst] = hazard.incidents;
    const why = worst === undefined ? '' : `: ${incidentInWords(worst, now.nowSeconds)}`;
    return {
      reason: 'HazardHigh',
      type: 'Warning',
      note: noteOf(
        `a pod that takes all its devices faces ${timesInWords(hazard.times)}${why}; surefoot node ${node.name} has the evidence`,
      ),
    };
  }
}

function forgivenSince(before: HostHistory, after: HostHistory): WrittenEvent | undefined {
  const known = new Set(
    before.incidents.flatMap(({ id, forgiven }) => (forgiven === undefined ? [] : [id])),
  );
  const fresh = after.incidents.filter(
    ({ id, forgiven }) => forgiven !== undefined && !known.has(id),
  );
  const reason = fresh[0]?.forgiven?.reason;
  if (reason === undefined) return undefined;
  const what = fresh.length === 1 ? 'one incident was' : `${fresh.length} incidents were`;
  return {
    reason: 'IncidentsForgiven',
    type: 'Normal',
    note: noteOf(`${what} forgiven: ${reason}`),
  };
}
