import { type Incident, MOST_EVIDENCE } from './incident.ts';

/** A physical device that a host has shown. */
export interface KnownDevice {
  /** Absent for one of dynamic resource allocation. */
  readonly resource?: string;
  readonly id: string;
  /** Where it sits, when something told, such as its PCI address. */
  readonly slot?: string;
  readonly lastSeenAtSeconds: number;
}

/** A device as it is seen now. */
export type SeenDevice = Omit<KnownDevice, 'lastSeenAtSeconds'>;

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
  nowSeconds: number,
): { readonly devices: readonly KnownDevice[]; readonly swaps: readonly Swap[] } {
  const devices = new Map(known.map((device) => [device.id, device]));
  const swaps: Swap[] = [];
  let hasChanged = false;
  const held = new Set(seen.map(({ id }) => id));
  for (const device of seen) {
    // A slice is not a part that can be swapped, and is new after each repartitioning.
    if (device.id.startsWith('MIG-')) continue;
    const earlier = devices.get(device.id);
    if (earlier === undefined) {
      const gone = goneFor(device, [...devices.values()], held, room, incidents);
      if (gone !== undefined) {
        devices.delete(gone.id);
        swaps.push({ gone: gone.id, came: device.id });
      }
    }
    if (earlier !== undefined && isFresh(earlier, device, nowSeconds)) continue;
    devices.set(device.id, { ...earlier, ...device, lastSeenAtSeconds: nowSeconds });
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

/** The incidents after these swaps: the device's are over, half of their weight stays with the slot. */
export function withSwaps(
  incidents: readonly Incident[],
  swaps: readonly Swap[],
  nowSeconds: number,
): readonly Incident[] {
  return swaps.reduce<readonly Incident[]>(
    (all, { gone, came }) =>
      all.map((incident) =>
        incident.device === gone
          ? {
              ...incident,
              device: came,
              // What still speaks of the old one is not a new fault.
              closedAtSeconds: incident.closedAtSeconds ?? nowSeconds,
              swappedAtSeconds: nowSeconds,
              evidence: [...incident.evidence, `${gone} was replaced by ${came}`].slice(
                -MOST_EVIDENCE,
              ),
            }
          : incident,
      ),
    incidents,
  );
}

/** True when noting it again would say nothing new. */
function isFresh(known: KnownDevice, seen: SeenDevice, nowSeconds: number): boolean {
  return (
    nowSeconds - known.lastSeenAtSeconds < FRESH_SECONDS &&
    (seen.slot === undefined || seen.slot === known.slot)
  );
}

function goneFor(
  { resource, slot }: SeenDevice,
  known: readonly KnownDevice[],
  held: ReadonlySet<string>,
  room: ReadonlyMap<string, number>,
  incidents: readonly Incident[],
): KnownDevice | undefined {
  const free = known.filter(({ id }) => !held.has(id));
  const before = slot === undefined ? undefined : free.find((device) => device.slot === slot);
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
