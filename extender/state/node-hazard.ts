import type { NodeFacts } from '../facts/facts.ts';
import { type DeviceHost, type Hazard, hazardFor, ofResource } from '../hazard/pod-hazard.ts';
import type { FleetRates } from '../hazard/rates.ts';
import { deviceHost } from './device-host.ts';
import type { Snapshot } from './snapshot.ts';

/** The risk is of a pod that stays for a day. */
const HORIZON_DAYS = 1;

/** Of a pod that takes all devices of the resource that is worst; absent: it has no devices. */
export function nodeHazard(node: NodeFacts, snapshot: Snapshot): Hazard | undefined {
  return hazardOfHost(node, deviceHost(node, snapshot), snapshot.rates);
}

/** The same of a host of which this is known. */
export function hazardOfHost(
  { devices }: NodeFacts,
  host: DeviceHost,
  rates: FleetRates,
): Hazard | undefined {
  return [...devices]
    .map(([resource, { capacity }]) =>
      hazardFor(
        { isOf: ofResource(resource), count: capacity, total: capacity, busy: new Set() },
        host,
        rates,
        HORIZON_DAYS,
      ),
    )
    .toSorted((a, b) => b.times - a.times)[0];
}
