import { type Incident, MOST_EVIDENCE } from './incident.ts';

/** A physical device that a host has shown. */
export interface KnownDevice {
  /** Absent for one of dynamic resource allocation. */
  readonly resource?: string;
  readonly id: string;
  /** Where it sits, such as its PCI address; absent where nothing names it. */
  readonly pciSlot?: string;
  readonly lastSeenAtSeconds: number;
  /** When it was first seen, here or in another host. */
  readonly firstSeenAtSeconds?: number;
  /** What the host's clock of busy days showed when it came; absent where it was there from the first. */
  readonly fromBusyDays?: number;
}

/** A device as it is seen now. */
export type SeenDevice = Pick<KnownDevice, 'resource' | 'id' | 'pciSlot'>;

/** How a device comes to a host. */
export interface Arrival {
  /** When it was first seen in any host; absent while it was not. */
  readonly seenElsewhereAtSeconds: (id: string) => number | undefined;
  /** Since when the host is known, and so what was never replaced in it. */
  readonly hostSinceSeconds: number;
  /** What the host's clock shows. */
  readonly busyDays: number;
}

export interface Swap {
  readonly gone: string;
  readonly came: string;
}

/** How exactly it is noted when a device was last seen: each note is a write. */
const FRESH_SECONDS = 6 * 3600;
/** More devices than any node seen has; an old one goes for a new one beyond it. */
const MOST_DEVICES = 64;

/**
 * The devices that the host is known to have, and which of them took another's place: one that was
 * never seen, in a slot where another sat, or beyond `room`, the most of its resource that the host
 * ever had. A device
 * that is `held` now is not gone. Of several that may be gone, it is the one with a fault, then the
 * one that was not seen for longest: a device is replaced because it broke.
 */
export function withDevices(
  known: readonly KnownDevice[],
  seen: readonly SeenDevice[],
  room: ReadonlyMap<string, number>,
  incidents: readonly Incident[],
  arrival: Arrival,
  nowSeconds: number,
): { readonly devices: readonly KnownDevice[]; readonly swaps: readonly Swap[] } {
  const devices = new Map(known.map((device) => [device.id, device]));
  const swaps: Swap[] = [];
  let hasChanged = false;
  const held = new Set(seen.map(({ id }) => id));
  for (const device of worthKnowing(seen, incidents)) {
    // A slice is not a part that can be swapped, and is new after each repartitioning.
    if (device.id.startsWith('MIG-')) continue;
    const earlier = devices.get(device.id);
    let replaces = false;
    if (earlier === undefined) {
      const gone = goneFor(device, [...devices.values()], held, room, incidents);
      if (gone !== undefined) {
        replaces = true;
        devices.delete(gone.id);
        swaps.push({ gone: gone.id, came: device.id });
      }
    }
    if (earlier !== undefined && isFresh(earlier, device, nowSeconds)) continue;
    devices.set(device.id, {
      ...(earlier ?? arrived(device.id, replaces, arrival, nowSeconds)),
      ...device,
      lastSeenAtSeconds: nowSeconds,
    });
    hasChanged = true;
  }
  if (!hasChanged) return { devices: known, swaps };
  const all = [...devices.values()];
  return {
    devices:
      all.length <= MOST_DEVICES
        ? all
        : all.sort((a, b) => a.lastSeenAtSeconds - b.lastSeenAtSeconds).slice(-MOST_DEVICES),
    swaps,
  };
}

/**
 * Of more devices than are kept always the same ones: those with an incident or in a pod first, then in their order. A
 * node on which nothing changes is not written.
 */
function worthKnowing(
  seen: readonly SeenDevice[],
  incidents: readonly Incident[],
): readonly SeenDevice[] {
  if (seen.length <= MOST_DEVICES) return seen;
  const isNamed = ({ id, resource }: SeenDevice) =>
    resource !== undefined || incidents.some(({ device }) => device === id);
  return [...seen.filter(isNamed), ...seen.filter((device) => !isNamed(device))].slice(
    0,
    MOST_DEVICES,
  );
}

/** The incidents after these swaps: the device's are over, half of their weight stays with the slot. */
export function withSwaps(
  incidents: readonly Incident[],
  swaps: readonly Swap[],
  busyDays: number,
  nowSeconds: number,
): readonly Incident[] {
  return swaps.reduce<readonly Incident[]>(
    (all, { gone, came }) =>
      all.map((incident) =>
        incident.device === gone
          ? {
              ...incident,
              device: came,
              // A finding that still names the old device is no new fault.
              closedAtSeconds: incident.closedAtSeconds ?? nowSeconds,
              // Of a slot whose device was replaced twice, the first time ended the fault.
              swappedAtSeconds: incident.swappedAtSeconds ?? nowSeconds,
              swappedAtBusyDays: incident.swappedAtBusyDays ?? busyDays,
              evidence: [...incident.evidence, `${gone} was replaced by ${came}`].slice(
                -MOST_EVIDENCE,
              ),
            }
          : incident,
      ),
    incidents,
  );
}

/** A device that replaces none may have been there all the time: nothing had named it. */
function arrived(
  id: string,
  replaces: boolean,
  { seenElsewhereAtSeconds, hostSinceSeconds, busyDays }: Arrival,
  nowSeconds: number,
): Pick<KnownDevice, 'firstSeenAtSeconds' | 'fromBusyDays'> {
  const since = replaces ? nowSeconds : hostSinceSeconds;
  return {
    firstSeenAtSeconds: Math.min(since, seenElsewhereAtSeconds(id) ?? since),
    ...(replaces && { fromBusyDays: busyDays }),
  };
}

/** True when noting it again would say nothing new. */
function isFresh(known: KnownDevice, seen: SeenDevice, nowSeconds: number): boolean {
  return (
    nowSeconds - known.lastSeenAtSeconds < FRESH_SECONDS &&
    (seen.pciSlot === undefined || seen.pciSlot === known.pciSlot)
  );
}

function goneFor(
  { resource, pciSlot }: SeenDevice,
  known: readonly KnownDevice[],
  held: ReadonlySet<string>,
  room: ReadonlyMap<string, number>,
  incidents: readonly Incident[],
): KnownDevice | undefined {
  const free = known.filter(({ id }) => !held.has(id));
  const before =
    pciSlot === undefined ? undefined : free.find((device) => device.pciSlot === pciSlot);
  if (before !== undefined || resource === undefined) return before;
  const ofResource = known.filter((device) => device.resource === resource);
  if (ofResource.length < (room.get(resource) ?? Number.POSITIVE_INFINITY)) return undefined;
  const isFaulty = ({ id }: KnownDevice) => incidents.some(({ device }) => device === id);
  return free
    .filter((device) => device.resource === resource)
    .sort(
      (a, b) =>
        Number(isFaulty(b)) - Number(isFaulty(a)) || a.lastSeenAtSeconds - b.lastSeenAtSeconds,
    )[0];
}
