import type { NodeFacts } from '../facts/facts.ts';
import { type Hazard, hazardFor, ofResource } from '../hazard/pod-hazard.ts';
import { deviceHost } from './device-host.ts';
import type { Snapshot } from './snapshot.ts';

/** The risk is of a pod that stays for a day. */
const HORIZON_DAYS = 1;

/** Of a pod that takes all devices of the resource that is worst; absent: it has no devices. */
export function nodeHazard(node: NodeFacts, snapshot: Snapshot): Hazard | undefined {
  const host = deviceHost(node, snapshot);
  return [...node.devices]
    .map(([resource, { capacity }]) =>
      hazardFor(
        { isOf: ofResource(resource), count: capacity, total: capacity, busy: new Set() },
        host,
        snapshot.rates,
        HORIZON_DAYS,
      ),
    )
    .toSorted((a, b) => b.times - a.times)[0];
}
