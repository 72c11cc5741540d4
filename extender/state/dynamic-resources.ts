import type { DeviceTaint, DeviceTaintRule, ResourceClaim, ResourceSlice } from '../facts/dra.ts';
import { secondsOf } from '../facts/timestamp.ts';
import type { SeenDevice } from '../history/swap.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { type Finding, findingFrom } from '../signals/finding.ts';
import { type Fields, signsIn } from '../signals/signs.ts';

interface PublishedDevice {
  readonly driver: string;
  readonly pool: string;
  readonly name: string;
  /** Its UUID where the driver tells it, so that it is the same device as the plugin's. */
  readonly id: string;
  readonly pciSlot?: string;
  readonly taints: readonly DeviceTaint[];
}

type Condition = NonNullable<
  NonNullable<NonNullable<ResourceClaim['status']>['devices']>[number]['conditions']
>[number];

/** All slices, rules and claims, and what they say about the devices of a node. */
export class DynamicResources {
  readonly #slices = new Map<string, { node: string; devices: readonly PublishedDevice[] }>();
  readonly #slicesOn = new Map<string, Set<string>>();
  /** By `driver/pool/device`. */
  readonly #nodeOf = new Map<string, string>();
  readonly #rules = new Map<string, DeviceTaintRule>();
  /** By uid of the claim: the devices whose condition it reports. */
  readonly #claims = new Map<string, readonly string[]>();
  readonly #conditions = new Map<string, Map<string, readonly Condition[]>>();

  // Each change returns the nodes whose findings may have changed.

  setSlice(slice: ResourceSlice): ReadonlySet<string> {
    const uid = slice.metadata?.uid ?? '';
    const node = slice.spec?.nodeName ?? '';
    this.removeSlice(uid);
    const devices = publishedIn(slice);
    this.#slices.set(uid, { node, devices });
    for (const { driver, pool, name } of devices)
      this.#nodeOf.set(`${driver}/${pool}/${name}`, node);
    this.#slicesOn.set(node, (this.#slicesOn.get(node) ?? new Set()).add(uid));
    return new Set([node]);
  }

  removeSlice(uid: string): ReadonlySet<string> {
    const { node = '', devices = [] } = this.#slices.get(uid) ?? {};
    for (const { driver, pool, name } of devices) this.#nodeOf.delete(`${driver}/${pool}/${name}`);
    this.#slices.delete(uid);
    this.#slicesOn.get(node)?.delete(uid);
    if (this.#slicesOn.get(node)?.size === 0) this.#slicesOn.delete(node);
    return new Set([node]);
  }

  /** A rule may select devices of any node. */
  setRule(rule: DeviceTaintRule): ReadonlySet<string> {
    this.#rules.set(rule.metadata?.uid ?? '', rule);
    return this.#nodes();
  }

  removeRule(uid: string): ReadonlySet<string> {
    this.#rules.delete(uid);
    return this.#nodes();
  }

  /** Only what a claim says about its devices is kept. */
  setClaim({ metadata = {}, status = {} }: ResourceClaim): ReadonlySet<string> {
    const uid = metadata.uid ?? '';
    const nodes = new Set(this.removeClaim(uid));
    const devices: string[] = [];
    for (const { driver, pool, device, conditions = [] } of status.devices ?? []) {
      if (conditions.length === 0) continue;
      const key = `${driver}/${pool}/${device}`;
      devices.push(key);
      this.#conditions.set(key, (this.#conditions.get(key) ?? new Map()).set(uid, conditions));
    }
    if (devices.length > 0) this.#claims.set(uid, devices);
    for (const node of this.#nodesOf(devices)) nodes.add(node);
    return nodes;
  }

  removeClaim(uid: string): ReadonlySet<string> {
    const devices = this.#claims.get(uid) ?? [];
    for (const key of devices) {
      this.#conditions.get(key)?.delete(uid);
      if (this.#conditions.get(key)?.size === 0) this.#conditions.delete(key);
    }
    this.#claims.delete(uid);
    return this.#nodesOf(devices);
  }

  #nodesOf(devices: readonly string[]): ReadonlySet<string> {
    return new Set(devices.flatMap((device) => this.#nodeOf.get(device) ?? []));
  }

  /** Nodes that publish devices. */
  #nodes(): ReadonlySet<string> {
    return new Set(this.#slicesOn.keys());
  }

  /** The devices that the node publishes. */
  seen(node: string): readonly SeenDevice[] {
    return this.#on(node).map(({ id, pciSlot }) => ({
      id,
      ...(pciSlot !== undefined && { pciSlot }),
    }));
  }

  /** What is said about the node's devices. */
  findings(node: string, catalogue: Catalogue): readonly Finding[] {
    return this.#on(node).flatMap((device) => [
      ...device.taints.flatMap((taint) => tainted(device, taint, 'device-taint', catalogue)),
      ...[...this.#rules.values()]
        .filter((rule) => selects(rule, device))
        .flatMap(({ spec }) => tainted(device, spec?.taint ?? {}, 'device-taint-rule', catalogue)),
      ...this.#conditionsOf(device).flatMap((one) => conditioned(device, one, catalogue)),
    ]);
  }

  #on(node: string): readonly PublishedDevice[] {
    return [...(this.#slicesOn.get(node) ?? [])].flatMap(
      (uid) => this.#slices.get(uid)?.devices ?? [],
    );
  }

  #conditionsOf({ driver, pool, name }: PublishedDevice): readonly Condition[] {
    return [...(this.#conditions.get(`${driver}/${pool}/${name}`)?.values() ?? [])].flat();
  }
}

function publishedIn({ spec = {} }: ResourceSlice): readonly PublishedDevice[] {
  const { driver = '', pool = {}, devices = [] } = spec;
  return devices.map(({ name = '', attributes = {}, taints = [] }) => {
    const text = (attribute: string) =>
      attributes[attribute]?.string ?? attributes[`${driver}/${attribute}`]?.string;
    const pciSlot = text('pciBusID') ?? text('resource.kubernetes.io/pciBusID');
    return {
      driver,
      pool: pool.name ?? '',
      name,
      id: text('uuid') ?? `${driver}/${pool.name ?? ''}/${name}`,
      ...(pciSlot !== undefined && { pciSlot }),
      taints,
    };
  });
}

function selects({ spec = {} }: DeviceTaintRule, device: PublishedDevice): boolean {
  const { driver, pool, device: name } = spec.deviceSelector ?? {};
  return (
    (driver === undefined || driver === device.driver) &&
    (pool === undefined || pool === device.pool) &&
    (name === undefined || name === device.name)
  );
}

function tainted(
  device: PublishedDevice,
  { key, value, effect, timeAdded }: DeviceTaint,
  source: 'device-taint' | 'device-taint-rule',
  catalogue: Catalogue,
): readonly Finding[] {
  const fields: Fields = { driver: device.driver, key, value, effect };
  return signsIn(catalogue, source, fields).map((sign) =>
    findingFrom(of(device, sign), { ordinal: key ?? '' }, secondsOf(timeAdded)),
  );
}

function conditioned(
  device: PublishedDevice,
  { type, status, reason, message, lastTransitionTime }: Condition,
  catalogue: Catalogue,
): readonly Finding[] {
  const fields: Fields = { driver: device.driver, type, status, reason, message };
  return signsIn(catalogue, 'claim-condition', fields).map((sign) =>
    findingFrom(of(device, sign), {}, secondsOf(lastTransitionTime)),
  );
}

function of<Sign extends object>({ id, pciSlot }: PublishedDevice, sign: Sign): Sign {
  return { ...sign, device: id, ...(pciSlot !== undefined && { pciSlot }) };
}
