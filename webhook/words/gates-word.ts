/** What an extender says at `/gates`, and the webhook goes by. */
export interface GatesWord {
  readonly canLift: boolean;
  /** When that was found, as a timestamp. */
  readonly asOf: string;
  /** Why it cannot. */
  readonly why?: string;
}
