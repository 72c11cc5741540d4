import type { Catalogue, CatalogueRow } from './catalogue.ts';
import type { DeviceCount, DeviceHealth, NodeFacts, PodFacts } from './facts.ts';

/** A raw observation that may mean a device fault. */
export interface Signal {
  /** Name of its catalogue row. */
  readonly row: string;
  readonly resource: string;
  /** Absent when the observation does not tell which of the node's devices it was. */
  readonly device?: string;
  readonly atSeconds: number;
  readonly probability: number;
  readonly words: string;
  /** True for a state that goes on until it is seen to end; false for a moment. */
  readonly isStanding: boolean;
  /** True when the state was there and has become worse: one more device, so one more fault. */
  readonly isFurther?: boolean;
}

/** A state seen to have ended. */
export interface Recovery {
  readonly row: string;
  readonly resource: string;
  readonly device?: string;
  readonly atSeconds: number;
}

export interface Observations {
  readonly signals: readonly Signal[];
  readonly recoveries: readonly Recovery[];
}

/**
 * What a node's device counts say. Capacity above allocatable above zero: the plugin withdrew
 * broken devices. Allocatable zero is a plugin that stopped, or all of them at once, which is
 * infrastructure far more often than eight faults; it says nothing. All of
 * them offered again ends the state, whatever came in between.
 */
export function nodeObservations(
  previous: NodeFacts | undefined,
  current: NodeFacts,
  catalogue: Catalogue,
  atSeconds: number,
): Observations {
  const signals: Signal[] = [];
  const recoveries: Recovery[] = [];
  for (const [resource, count] of current.devices) {
    const before = previous?.devices.get(resource);
    if (before?.allocatable === count.allocatable && before.capacity === count.capacity) continue;
    for (const row of rowsFor(catalogue, 'node-allocatable')) {
      if (isWhole(count)) {
        recoveries.push({ row: row.name, resource, atSeconds });
      } else if (missing(count) > missing(before)) {
        signals.push({
          ...signalOf(row, resource, atSeconds, true),
          words: `${row.words} (${resource}: ${count.allocatable} of ${count.capacity} left)`,
          isFurther: missing(before) > 0,
        });
      }
    }
  }
  return { signals, recoveries };
}

/** What a running pod's status says about the health of its devices. */
export function deviceHealthObservations(
  previous: PodFacts | undefined,
  current: PodFacts,
  catalogue: Catalogue,
  atSeconds: number,
): Observations {
  const signals: Signal[] = [];
  const recoveries: Recovery[] = [];
  const before = new Map(previous?.deviceHealth.map((one) => [deviceKey(one), one.health]));
  for (const row of rowsFor(catalogue, 'pod-device-health')) {
    for (const one of current.deviceHealth) {
      if (before.get(deviceKey(one)) === one.health) continue;
      const { resource, device } = one;
      if (one.health === 'Unhealthy') {
        signals.push({ ...signalOf(row, resource, atSeconds, true), device });
      } else if (one.health === 'Healthy') {
        recoveries.push({ row: row.name, resource, device, atSeconds });
      }
    }
  }
  return { signals, recoveries };
}

/**
 * The end of what a pod can tell: its status is not updated any more once it ends, so a device it
 * called unhealthy is from now on one that was seen unhealthy.
 */
export function deviceHealthEnds(
  pod: PodFacts,
  catalogue: Catalogue,
  atSeconds: number,
): Observations {
  const recoveries = rowsFor(catalogue, 'pod-device-health').flatMap((row) =>
    pod.deviceHealth.map(({ resource, device }) => ({
      row: row.name,
      resource,
      device,
      atSeconds,
    })),
  );
  return { signals: [], recoveries };
}

/**
 * The kubelet's refusal of a pod for want of a device. The caller asks blame.ts first: the same
 * message stands for a broken device and for two schedulers that raced.
 */
export function rejectionSignals(
  pod: PodFacts,
  catalogue: Catalogue,
  atSeconds: number,
): readonly Signal[] {
  return rowsFor(catalogue, 'pod-rejected')
    .filter(
      (row) => row.reason.test(pod.statusReason ?? '') && row.message.test(pod.statusMessage ?? ''),
    )
    .flatMap((row) =>
      pod.devices.resources.map(({ resource }) => signalOf(row, resource, atSeconds, false)),
    );
}

function signalOf(
  row: CatalogueRow,
  resource: string,
  atSeconds: number,
  isStanding: boolean,
): Signal {
  const { name, probability, words } = row;
  return { row: name, resource, atSeconds, probability, words, isStanding };
}

function rowsFor<Source extends CatalogueRow['source']>(catalogue: Catalogue, source: Source) {
  return catalogue.filter(
    (row): row is Extract<CatalogueRow, { source: Source }> => row.source === source,
  );
}

function isWhole({ capacity, allocatable }: DeviceCount): boolean {
  return capacity > 0 && allocatable === capacity;
}

/** Devices withdrawn, as far as that means anything: not when none is offered at all. */
function missing(count: DeviceCount | undefined): number {
  return count === undefined || count.allocatable === 0 ? 0 : count.capacity - count.allocatable;
}

function deviceKey({ resource, device }: DeviceHealth): string {
  return `${resource}/${device}`;
}
