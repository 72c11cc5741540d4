/** Announced routine work on a host; the latest. */
export interface Maintenance {
  readonly sinceSeconds: number;
  /** Absent while it goes on. */
  readonly untilSeconds?: number;
  readonly words: string;
}

/** After announced work ends, findings within this time are still traces of it (NVIDIA/NVSentinel#1701: one
 * poll after the reboot; AKS announces reboots up to 15 minutes ahead). */
const MAINTENANCE_TAIL_SECONDS = 900;

/** The record of announced work after another look: it begins, goes on or has ended. */
export function withMaintenance(
  known: Maintenance | undefined,
  words: string | undefined,
  nowSeconds: number,
): Maintenance | undefined {
  const isOn = known !== undefined && known.untilSeconds === undefined;
  if (words === undefined) return isOn ? { ...known, untilSeconds: nowSeconds } : known;
  return isOn ? known : { sinceSeconds: nowSeconds, words };
}

/** When its traces end: never while it goes on; `undefined` when there are none. */
export function maintenanceTracesEndSeconds(
  maintenance: Maintenance | undefined,
): number | undefined {
  if (maintenance === undefined) return undefined;
  const { untilSeconds } = maintenance;
  return untilSeconds === undefined
    ? Number.POSITIVE_INFINITY
    : untilSeconds + MAINTENANCE_TAIL_SECONDS;
}

/** True while announced work goes on, or has just ended. */
export function isMaintained(maintenance: Maintenance | undefined, nowSeconds: number): boolean {
  const endSeconds = maintenanceTracesEndSeconds(maintenance);
  return endSeconds !== undefined && nowSeconds < endSeconds;
}
