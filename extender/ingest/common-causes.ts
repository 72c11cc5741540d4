import type { NodeFacts } from '../facts/facts.ts';
import {
  type AffectedHost,
  commonCauseOf,
  type Population,
  STORM_SECONDS,
} from '../history/common-cause.ts';
import type { HostHistory } from '../history/host-history.ts';
import type { CommonCause, Incident } from '../history/incident.ts';
import type { Cluster } from '../state/cluster.ts';
import type { HistoryStore } from '../storage/store.ts';

/** Which hosts were affected of late, and what they have in common. */
export class CommonCauses {
  readonly #cluster: Cluster;
  readonly #store: HistoryStore;
  /** Each with the time at which we learned of it, because what the first start finds may be old. */
  #recent: (AffectedHost & { readonly heardAtSeconds: number })[] = [];
  #fresh: AffectedHost[] = [];

  constructor(cluster: Cluster, store: HistoryStore) {
    this.#cluster = cluster;
    this.#store = store;
  }

  /** Takes in a new incident. */
  add(node: NodeFacts, incident: Incident, nowSeconds: number): void {
    const { host, rack, driver, model } = node;
    const { id, openedAtSeconds: atSeconds, owners } = incident;
    const newest = {
      host,
      incident: id,
      atSeconds,
      heardAtSeconds: nowSeconds,
      owners,
      ...(rack !== undefined && { rack }),
      ...(driver !== undefined && { driver }),
      ...(model !== undefined && { model }),
    };
    this.#recent.push(newest);
    this.#fresh.push(newest);
  }

  /**
   * Looks for common causes of all incidents since the last call, and returns the histories that they explain. Thousands
   * of hosts may be affected within a second, so each cause is looked for once.
   */
  settle(nowSeconds: number): readonly HostHistory[] {
    if (this.#fresh.length === 0) return [];
    this.#recent = this.#recent.filter((one) => nowSeconds - one.heardAtSeconds <= STORM_SECONDS);
    const population = this.#population();
    const seen = new Set<string>();
    const causes = new Map<string, { member: AffectedHost; cause: CommonCause }>();
    for (const newest of this.#fresh) {
      const { rack, driver, model, owners } = newest;
      const signature = [
        Math.floor(newest.atSeconds / STORM_SECONDS),
        rack,
        driver,
        model,
        ...owners,
      ].join(' ');
      if (seen.has(signature)) continue;
      seen.add(signature);
      const found = commonCauseOf(newest, this.#near(newest), population);
      for (const member of found?.members ?? []) {
        if (found !== undefined)
          causes.set(`${member.host} ${member.incident}`, { member, cause: found.cause });
      }
      if (found !== undefined) this.#explain(found.members, found.cause);
    }
    this.#fresh = [];
    return [...causes.values()].flatMap(({ member, cause }) => this.#explained(member, cause));
  }

  #near({ atSeconds }: AffectedHost): readonly AffectedHost[] {
    return this.#recent.filter((one) => Math.abs(atSeconds - one.atSeconds) <= STORM_SECONDS);
  }

  #explain(members: readonly AffectedHost[], cause: CommonCause): void {
    const explained = new Set(members);
    this.#recent = this.#recent.map((one) => (explained.has(one) ? { ...one, cause } : one));
  }

  #explained(member: AffectedHost, cause: CommonCause): readonly HostHistory[] {
    const history = this.#store.draft(member.host);
    const known = history.incidents.find(({ id }) => id === member.incident);
    if (known === undefined || isSame(known.cause, cause)) return [];
    const incidents = history.incidents.map((one) => (one === known ? { ...one, cause } : one));
    return [{ ...history, incidents }];
  }

  /** Counts of the fleet, each computed once. */
  #population(): Population {
    const counts = new Map<string, number>();
    return {
      hosts: this.#cluster.size,
      sharing: (kind, name) => {
        const key = `${kind} ${name}`;
        const count =
          counts.get(key) ??
          (kind === 'owner' ? this.#cluster.nodesOf(name) : this.#cluster.sharing(kind, name));
        counts.set(key, count);
        return count;
      },
    };
  }
}

function isSame(known: CommonCause | undefined, cause: CommonCause): boolean {
  return known?.kind === cause.kind && known.name === cause.name && known.hosts === cause.hosts;
}
