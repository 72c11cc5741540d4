/** One thing that happened in the fleet, as its log tells it. */
export interface Happening {
  readonly atSeconds: number;
  readonly kind: HappeningKind;
  /** Absent for what has no slot yet. */
  readonly node?: string;
  /** `namespace/name`. */
  readonly pod?: string;
  readonly words: string;
}

export type HappeningKind =
  | 'device fault'
  | 'device repaired'
  | 'crash'
  | 'rack outage'
  | 'network fault'
  | 'planned reboot'
  | 'node back'
  | 'group restart'
  | 'bound'
  | 'running'
  | 'rejected'
  | 'completed'
  | 'refused';

export type Tell = (happening: Omit<Happening, 'atSeconds'>) => void;
