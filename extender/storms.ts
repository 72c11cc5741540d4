import type { NodeFacts } from './history/facts.ts';
import type { HostHistory } from './history/host-history.ts';
import type { CommonCause, Incident } from './history/incident.ts';
import { commonCauseOf, type Population, STORM_SECONDS, type Struck } from './history/storm.ts';
import type { HistoryStore } from './storage/store.ts';
import type { Cluster } from './watch/cluster.ts';

/** Which hosts were struck of late, and what they have in common. */
export class Storms {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  #recent: Struck[] = [];

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** Takes in a new incident; gives the histories in which a common cause explains one now. */
  struck(node: NodeFacts, incident: Incident): readonly HostHistory[] {
    const { host, rack, driver, model } = node;
    const { id, openedAtSeconds: atSeconds, owners } = incident;
    const newest: Struck = {
      host,
      incident: id,
      atSeconds,
      owners,
      ...(rack !== undefined && { rack }),
      ...(driver !== undefined && { driver }),
      ...(model !== undefined && { model }),
    };
    this.#recent = [
      ...this.#recent.filter((one) => atSeconds - one.atSeconds <= STORM_SECONDS),
      newest,
    ];
    const found = commonCauseOf(newest, this.#recent, this.#population());
    if (found === undefined) return [];
    const { cause, members } = found;
    const explained = new Set(members);
    this.#recent = this.#recent.map((one) => (explained.has(one) ? { ...one, cause } : one));
    return found.members.flatMap((member) => this.#explained(member, found.cause));
  }

  #explained(member: Struck, cause: CommonCause): readonly HostHistory[] {
    const history = this.#store.draft(member.host);
    const known = history.incidents.find(({ id }) => id === member.incident);
    if (known === undefined || isSame(known.cause, cause)) return [];
    const incidents = history.incidents.map((one) => (one === known ? { ...one, cause } : one));
    return [{ ...history, incidents }];
  }

  #population(): Population {
    return {
      hosts: this.#cluster.size,
      sharing: (kind, name) =>
        kind === 'owner' ? this.#cluster.nodesOf(name) : this.#cluster.sharing(kind, name),
    };
  }
}

function isSame(known: CommonCause | undefined, cause: CommonCause): boolean {
  return known?.kind === cause.kind && known.name === cause.name && known.hosts === cause.hosts;
}
