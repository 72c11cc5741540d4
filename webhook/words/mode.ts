import { z } from 'zod';

/** `act` does; `observe` decides, records and says what it would have done, and does nothing. */
export type Mode = 'observe' | 'act';

export const modeField = z.enum(['observe', 'act'], {
  error: 'expected "observe" (decide and record, change nothing) or "act"',
});

/** The mode that holds in a namespace; `mayOnlyObserve`: its label, or who asks, allows no more. */
export function modeIn<AnyMode extends string = Mode>(
  namespace: string,
  settings: {
    readonly mode: AnyMode;
    readonly namespaces: Readonly<Record<string, AnyMode>>;
  },
  mayOnlyObserve: boolean,
): AnyMode | 'observe' {
  if (mayOnlyObserve) return 'observe';
  return Object.hasOwn(settings.namespaces, namespace)
    ? (settings.namespaces[namespace] as AnyMode)
    : settings.mode;
}
