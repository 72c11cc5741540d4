import type { SignalClass } from '../signals/catalogue.ts';
import type { Maintenance } from './maintenance.ts';
import { maintenanceTracesEndSeconds } from './maintenance.ts';

/** What is wrong for a while after a boot is not a fault until it still stands then
 * (NVIDIA/NVSentinel#1701, #1715: 214 of 288 nodes, none with a fault, all within minutes). */
const SETTLE_SECONDS = 600;

/** What goes down with a host is seen a little before its boot is. A judgement. */
const SLACK_SECONDS = 300;

/** What went on around a sign. */
export interface Calm {
  /** When the host last booted, if that was seen. */
  readonly bootedAtSeconds?: number;
  /** When a host of its rack last booted or went away: links have two ends. */
  readonly rackDisturbedAtSeconds?: number;
  readonly maintenance?: Maintenance;
}

/** What makes a sign wait. */
export type WaitReason = 'boot' | 'planned' | 'stands';

export interface Patience {
  /** When the sign counts if it still stands; infinite while that is unknown. */
  readonly dueSeconds: number;
  readonly why: WaitReason;
}

/** How long a state that began at `sinceSeconds` must be waited with. */
export function patienceWith(
  sign: {
    readonly class: SignalClass;
    readonly settles: boolean;
    readonly standsForSeconds: number;
  },
  sinceSeconds: number,
  calm: Calm,
): Patience {
  const waits: Patience[] = [
    { dueSeconds: sinceSeconds + sign.standsForSeconds, why: 'stands' },
    ...(sign.settles ? [settledFrom(sinceSeconds, calm)] : []),
    ...(isMutedByMaintenance(sign) ? [maintainedFrom(sinceSeconds, calm)] : []),
  ];
  return waits.reduce((longest, wait) => (wait.dueSeconds > longest.dueSeconds ? wait : longest));
}

/** Why a moment's sign does not count; `undefined` when it does. */
export function whyMomentIsIgnored(
  sign: { readonly class: SignalClass; readonly settles: boolean },
  atSeconds: number,
  calm: Calm,
): Exclude<WaitReason, 'stands'> | undefined {
  if (isMutedByMaintenance(sign) && maintainedFrom(atSeconds, calm).dueSeconds > atSeconds) {
    return 'planned';
  }
  return sign.settles && settledFrom(atSeconds, calm).dueSeconds > atSeconds ? 'boot' : undefined;
}

/** Maintenance can break things too: what is surely a device fault counts all the same. */
function isMutedByMaintenance(sign: { readonly class: SignalClass; readonly settles: boolean }) {
  return sign.settles || sign.class !== 'fatal';
}

function settledFrom(sinceSeconds: number, calm: Calm): Patience {
  const { bootedAtSeconds, rackDisturbedAtSeconds } = calm;
  const ends = [bootedAtSeconds, rackDisturbedAtSeconds]
    .filter((at) => at !== undefined)
    // What stood long before a boot is not the boot's.
    .filter((at) => sinceSeconds > at - SLACK_SECONDS)
    .map((at) => at + SETTLE_SECONDS);
  return { dueSeconds: Math.max(sinceSeconds, ...ends), why: 'boot' };
}

function maintainedFrom(sinceSeconds: number, { maintenance }: Calm): Patience {
  const endSeconds = maintenanceTracesEndSeconds(maintenance) ?? sinceSeconds;
  const began = maintenance?.sinceSeconds ?? Number.POSITIVE_INFINITY;
  // What stood before the work began is not the work's.
  const isIts = sinceSeconds >= began - SETTLE_SECONDS && sinceSeconds < endSeconds;
  return { dueSeconds: isIts ? endSeconds : sinceSeconds, why: 'planned' };
}
