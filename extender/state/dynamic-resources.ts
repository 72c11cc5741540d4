import { dropOldest } from '../bounds/drop-oldest.ts';
import type {
  AllocatedDevice,
  DeviceTaint,
  DeviceTaintRule,
  ResourceClaim,
  ResourceSlice,
} from '../facts/dra.ts';
import { secondsOf } from '../facts/timestamp.ts';
import type { SeenDevice } from '../history/swap.ts';
import type { Catalogue } from '../signals/catalogue.ts';
import { type Finding, findingFrom } from '../signals/finding.ts';
import type { ClaimedDevice } from '../signals/observed.ts';
import { type Fields, signsIn } from '../signals/signs.ts';

interface PublishedDevice {
  readonly driver: string;
  readonly pool: string;
  readonly name: string;
  /** Its own UUID, or its whole's where it is a partition. */
  readonly uuid?: string;
  /** PCI address, its own or its whole's: partitions have the same. */
  readonly pciSlot?: string;
  readonly isPart: boolean;
  readonly taints: readonly DeviceTaint[];
}

/** The same with the id of the physical device that it is, or is a part of. */
interface PhysicalDevice extends PublishedDevice {
  readonly id: string;
}

/** The devices that a claim got. */
type Allocation = readonly AllocatedDevice[];

/** A claim that was made from a template goes with its pod. */
const MOST_FORMER = 1000;

type Condition = NonNullable<
  NonNullable<NonNullable<ResourceClaim['status']>['devices']>[number]['conditions']
>[number];

/** All slices, rules and claims, and what they say about the devices of a node. */
export class DynamicResources {
  readonly #slices = new Map<string, { node: string; devices: readonly PublishedDevice[] }>();
  readonly #slicesOn = new Map<string, Set<string>>();
  /** By node, and by uid of the claim: drivers of whose devices the claim got any there. */
  readonly #driversUsedOn = new Map<string, Map<string, readonly string[]>>();
  readonly #seenOn = new Map<string, readonly SeenDevice[]>();
  /** By node: its devices, made from its slices when they are asked for. */
  readonly #devicesOn = new Map<string, readonly PhysicalDevice[]>();
  /** By `driver/pool/device`. */
  readonly #nodeOf = new Map<string, string>();
  readonly #rules = new Map<string, DeviceTaintRule>();
  /** By uid of the claim: the devices whose condition it reports. */
  readonly #claims = new Map<string, readonly string[]>();
  readonly #conditions = new Map<string, Map<string, readonly Condition[]>>();
  /** By `namespace/name` of the claim. */
  readonly #allocations = new Map<string, Allocation>();
  /** By uid of the claim: its `namespace/name`. */
  readonly #allocatedName = new Map<string, string>();
  /** The same of claims that are gone: the last word on their devices may come after them. */
  readonly #formerAllocations = new Map<string, Allocation>();

  // Each change returns the nodes whose findings may have changed.

  setSlice(slice: ResourceSlice): ReadonlySet<string> {
    const uid = slice.metadata?.uid ?? '';
    const node = slice.spec?.nodeName ?? '';
    this.removeSlice(uid);
    const devices = publishedIn(slice);
    this.#slices.set(uid, { node, devices });
    this.#forgetMade(node);
    for (const { driver, pool, name } of devices)
      this.#nodeOf.set(`${driver}/${pool}/${name}`, node);
    this.#slicesOn.set(node, (this.#slicesOn.get(node) ?? new Set()).add(uid));
    return new Set([node]);
  }

  removeSlice(uid: string): ReadonlySet<string> {
    const { node = '', devices = [] } = this.#slices.get(uid) ?? {};
    for (const { driver, pool, name } of devices) this.#nodeOf.delete(`${driver}/${pool}/${name}`);
    this.#slices.delete(uid);
    this.#forgetMade(node);
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

  setClaim({ metadata = {}, status = {} }: ResourceClaim): ReadonlySet<string> {
    const { uid = '', namespace = '', name = '' } = metadata;
    const nodes = new Set(this.removeClaim(uid));
    const results = status.allocation?.devices?.results ?? [];
    if (results.length > 0) {
      this.#allocatedName.set(uid, `${namespace}/${name}`);
      this.#allocations.set(`${namespace}/${name}`, results);
      for (const [node = '', own] of Map.groupBy(results, (one) => this.#nodeOf.get(keyOf(one)))) {
        const used = this.#driversUsedOn.get(node) ?? new Map<string, readonly string[]>();
        used.set(
          uid,
          own.map(({ driver = '' }) => driver),
        );
        this.#driversUsedOn.set(node, used);
        this.#forgetMade(node);
      }
    }
    const devices: string[] = [];
    for (const { conditions = [], ...device } of status.devices ?? []) {
      if (conditions.length === 0) continue;
      const key = keyOf(device);
      devices.push(key);
      this.#conditions.set(key, (this.#conditions.get(key) ?? new Map()).set(uid, conditions));
    }
    if (devices.length > 0) this.#claims.set(uid, devices);
    for (const node of this.#nodesOf([...devices, ...results.map(keyOf)])) nodes.add(node);
    return nodes;
  }

  removeClaim(uid: string): ReadonlySet<string> {
    const devices = this.#claims.get(uid) ?? [];
    for (const key of devices) {
      this.#conditions.get(key)?.delete(uid);
      if (this.#conditions.get(key)?.size === 0) this.#conditions.delete(key);
    }
    this.#claims.delete(uid);
    const name = this.#allocatedName.get(uid) ?? '';
    const allocation = this.#allocations.get(name);
    if (allocation !== undefined) {
      this.#allocatedName.delete(uid);
      for (const node of this.#nodesOf(allocation.map(keyOf))) {
        this.#driversUsedOn.get(node)?.delete(uid);
        if (this.#driversUsedOn.get(node)?.size === 0) this.#driversUsedOn.delete(node);
        this.#forgetMade(node);
      }
      this.#allocations.delete(name);
      this.#formerAllocations.delete(name);
      this.#formerAllocations.set(name, allocation);
      dropOldest(this.#formerAllocations, MOST_FORMER);
    }
    return this.#nodesOf(devices);
  }

  /**
   * The id of a device that the kubelet names by its claim, as slices name it; empty where the claim got several and
   * none of them can be told, `undefined` while the claim is not known.
   */
  deviceOf(namespace: string, { name, request, reported }: ClaimedDevice): string | undefined {
    const key = `${namespace}/${name}`;
    const allocation = this.#allocations.get(key) ?? this.#formerAllocations.get(key);
    if (allocation === undefined) return undefined;
    const ofRequest = allocation.filter(
      (one) => request === undefined || one.request?.split('/')[0] === request.split('/')[0],
    );
    const named = ofRequest.filter((one) => isNamed(one, reported));
    const [only, ...others] = named.length > 0 ? named : ofRequest;
    if (only === undefined || others.length > 0) return '';
    return this.#idOf(only);
  }

  #idOf(device: AllocatedDevice): string {
    const key = keyOf(device);
    const node = this.#nodeOf.get(key) ?? '';
    return this.#on(node).find((one) => keyOf({ ...one, device: one.name }) === key)?.id ?? key;
  }

  #forgetMade(node: string): void {
    this.#devicesOn.delete(node);
    this.#seenOn.delete(node);
  }

  #nodesOf(devices: readonly string[]): ReadonlySet<string> {
    return new Set(devices.flatMap((device) => this.#nodeOf.get(device) ?? []));
  }

  /** Nodes that publish devices. */
  #nodes(): ReadonlySet<string> {
    return new Set(this.#slicesOn.keys());
  }

  /**
   * The physical devices of the node, each once, those with a UUID first. Drivers publish CPUs and other things, too:
   * what has neither UUID nor address counts only where a claim got a device of its driver there.
   */
  seen(node: string): readonly SeenDevice[] {
    const known = this.#seenOn.get(node);
    if (known !== undefined) return known;
    const used = new Set([...(this.#driversUsedOn.get(node)?.values() ?? [])].flat());
    const rank = ({ uuid, pciSlot }: PublishedDevice) => (uuid ? 0 : pciSlot ? 1 : 2);
    const seen = new Map<string, SeenDevice>();
    for (const device of this.#on(node).toSorted((a, b) => rank(a) - rank(b))) {
      const { id, pciSlot, driver } = device;
      if (seen.has(id) || (rank(device) === 2 && !used.has(driver))) continue;
      seen.set(id, { id, ...(pciSlot !== undefined && { pciSlot }) });
    }
    const devices = [...seen.values()];
    if (devices.length > 0) this.#seenOn.set(node, devices);
    return devices;
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

  #on(node: string): readonly PhysicalDevice[] {
    const known = this.#devicesOn.get(node);
    if (known !== undefined) return known;
    const published = [...(this.#slicesOn.get(node) ?? [])].flatMap(
      (uid) => this.#slices.get(uid)?.devices ?? [],
    );
    const devices = physicalDevices(published);
    if (published.length > 0) this.#devicesOn.set(node, devices);
    return devices;
  }

  #conditionsOf({ driver, pool, name }: PublishedDevice): readonly Condition[] {
    return [...(this.#conditions.get(`${driver}/${pool}/${name}`)?.values() ?? [])].flat();
  }
}

function keyOf({ driver = '', pool = '', device = '' }: AllocatedDevice): string {
  return `${driver}/${pool}/${device}`;
}

/** Whether a CDI name, or the kubelet's own name in its place, is this device's. */
function isNamed(device: AllocatedDevice, reported: string): boolean {
  const { device: name = '' } = device;
  return (
    reported === keyOf(device) ||
    (reported.endsWith(name) && /^[^a-z0-9]?$/i.test(reported.slice(0, -name.length).slice(-1)))
  );
}

function publishedIn({ spec = {} }: ResourceSlice): readonly PublishedDevice[] {
  const { driver = '', pool = {}, devices = [] } = spec;
  return devices.map(({ name = '', attributes = {}, taints = [] }) => {
    const text = (attribute: string) =>
      attributes[attribute]?.string ??
      attributes[`${driver}/${attribute}`]?.string ??
      attributes[`resource.kubernetes.io/${attribute}`]?.string;
    const parentUuid = text('parentUUID');
    const parentSlot = text('parentPciAddr') ?? text('parentPciBusID');
    const uuid = parentUuid ?? text('uuid');
    const pciSlot = parentSlot ?? text('pciBusID') ?? text('pciAddr');
    return {
      driver,
      pool: pool.name ?? '',
      name,
      ...(uuid !== undefined && { uuid }),
      ...(pciSlot !== undefined && { pciSlot }),
      isPart: parentUuid !== undefined || parentSlot !== undefined,
      taints,
    };
  });
}

/**
 * The devices with the ids of what they physically are: a UUID, the UUID at the same PCI address, the first device at
 * that address, or the device by its name.
 */
function physicalDevices(published: readonly PublishedDevice[]): readonly PhysicalDevice[] {
  const atSlot = new Map<string, string>();
  const wholesFirst = published.toSorted(
    (a, b) =>
      Number(a.isPart) - Number(b.isPart) ||
      Number(a.uuid === undefined) - Number(b.uuid === undefined) ||
      a.name.length - b.name.length,
  );
  for (const device of wholesFirst) {
    const { pciSlot } = device;
    if (pciSlot === undefined || atSlot.has(pciSlot)) continue;
    atSlot.set(pciSlot, device.uuid ?? keyOf({ ...device, device: device.name }));
  }
  return published.map((device) => {
    const { pciSlot, uuid } = device;
    const whole = pciSlot === undefined ? undefined : atSlot.get(pciSlot);
    return { ...device, id: whole ?? uuid ?? keyOf({ ...device, device: device.name }) };
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
  device: PhysicalDevice,
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
  device: PhysicalDevice,
  { type, status, reason, message, lastTransitionTime }: Condition,
  catalogue: Catalogue,
): readonly Finding[] {
  const fields: Fields = { driver: device.driver, type, status, reason, message };
  return signsIn(catalogue, 'claim-condition', fields).map((sign) =>
    findingFrom(of(device, sign), {}, secondsOf(lastTransitionTime)),
  );
}

function of<Sign extends object>({ id, pciSlot }: PhysicalDevice, sign: Sign): Sign {
  return { ...sign, device: id, ...(pciSlot !== undefined && { pciSlot }) };
}
