import type { HostHistory } from '../history/host-history.ts';

/** Whose incidents are forgiven, and why. */
export interface ForgivenessAsked {
  readonly reason: string;
  /** One device only; default: all of the host. */
  readonly device?: string;
  /** Incidents that opened later are not forgiven; default: all are. */
  readonly openedBySeconds?: number;
}

/** The history in which these incidents are forgiven, and how many they are. */
export function withForgiven(
  history: HostHistory,
  { device, reason, openedBySeconds = Number.POSITIVE_INFINITY }: ForgivenessAsked,
  nowSeconds: number,
): { readonly history: HostHistory; readonly forgiven: number } {
  let forgiven = 0;
  const incidents = history.incidents.map((incident) => {
    const isMeant =
      incident.forgiven === undefined &&
      incident.openedAtSeconds <= openedBySeconds &&
      (device === undefined || incident.device === device);
    if (!isMeant) return incident;
    forgiven += 1;
    return { ...incident, forgiven: { atSeconds: nowSeconds, reason } };
  });
  return { history: forgiven === 0 ? history : { ...history, incidents }, forgiven };
}
