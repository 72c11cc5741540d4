import type { NodeFacts } from '../facts/facts.ts';
import type { SeenDevice } from '../history/swap.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import {
  allocatableFindings,
  deviceHealthFindings,
  type Finding,
  rowOfKey,
} from '../signals/finding.ts';
import { physicalDevice } from '../signals/identity.ts';
import { onePerEvent } from '../signals/one-per-event.ts';
import type { Cluster } from '../state/cluster.ts';
import type { DynamicResources } from '../state/dynamic-resources.ts';
import { MeasuredFindings } from './measured-findings.ts';

/** What stands about each node now, from whichever object of the API says it. */
export class StandingFindings {
  readonly #cluster: Cluster;
  readonly #devices: DynamicResources;
  readonly #catalogue: () => Catalogue;
  /** Of custom objects, by node and the object's key. */
  readonly #custom = new Map<string, Map<string, readonly Finding[]>>();
  /** What metrics say. */
  readonly measured = new MeasuredFindings();

  constructor(cluster: Cluster, devices: DynamicResources, catalogue: () => Catalogue) {
    this.#cluster = cluster;
    this.#devices = devices;
    this.#catalogue = catalogue;
  }

  /** What a custom object says about a node from now on; nothing once it is gone. */
  setCustom(key: string, node: string, findings: readonly Finding[]): void {
    const said = this.#custom.get(node) ?? new Map<string, readonly Finding[]>();
    if (findings.length === 0) said.delete(key);
    else said.set(key, findings);
    if (said.size === 0) this.#custom.delete(node);
    else this.#custom.set(node, said);
  }

  /** Whether nobody has said if a finding that is not here still stands. */
  isUnknown({ name, devices }: NodeFacts, key: string): boolean {
    const row = rowOfKey(key);
    const catalogue = this.#catalogue();
    if (catalogue.namesOf('prometheus').has(row)) return this.measured.isUnknown(name, row, key);
    if (!catalogue.namesOf('node-allocatable').has(row)) return false;
    // A plugin that offers no device at all does not say whether a withdrawn one is back.
    const [, resource = ''] = key.split('|');
    return (devices.get(resource)?.allocatable ?? 0) === 0;
  }

  /** Everything that stands about a node: on its Node object, on its devices, and in the status of its pods. */
  on(node: NodeFacts): readonly Finding[] {
    const catalogue = this.#catalogue();
    const health = [...this.#cluster.holding(node.name)].flatMap((pod) =>
      pod.isTerminating ? [] : pod.deviceHealth,
    );
    const ofDevices = [
      ...this.#devices.findings(node.name, catalogue),
      ...deviceHealthFindings(health, catalogue),
    ];
    const published = this.#devices.seen(node.name).length;
    return [
      ...node.findings,
      ...allocatableFindings(node.devices, catalogue),
      ...[...(this.#custom.get(node.name)?.values() ?? [])].flat(),
      ...this.measured.on(node.name),
      ...onePerEvent(ofDevices, (resource) =>
        resource === undefined ? published : (node.devices.get(resource)?.capacity ?? 0),
      ),
    ];
  }

  /** The devices of a node that pods or ResourceSlices name. */
  devicesOn(node: NodeFacts): readonly SeenDevice[] {
    const held = [...this.#cluster.holding(node.name)].flatMap(({ deviceHealth }) =>
      // Devices of claims are in slices, and under another name here until the claim is known.
      deviceHealth.flatMap(({ resource, device, claim }) =>
        claim === undefined && resource !== undefined
          ? [{ resource, id: physicalDevice(device) }]
          : [],
      ),
    );
    return [...held, ...this.#devices.seen(node.name)];
  }

  /** Workloads whose pods hold the device; all on the node, where none names it. */
  ownersOf(node: NodeFacts, device: string | undefined): readonly string[] {
    const holding = [...this.#cluster.holding(node.name)];
    const having = holding.filter(({ deviceHealth }) =>
      deviceHealth.some((one) => physicalDevice(one.device) === device),
    );
    const pods = having.length > 0 ? having : holding;
    return [...new Set(pods.map(({ slot }) => slot.workload))];
  }

  /** On how many nodes each row of the catalogue stands. */
  nodesByRow(): ReadonlyMap<string, number> {
    const nodes = new Map<string, number>();
    for (const node of this.#cluster.nodes()) {
      const rows = new Set(this.on(node).map(({ row }) => row.name));
      for (const row of rows) nodes.set(row, (nodes.get(row) ?? 0) + 1);
    }
    return nodes;
  }
}
