import type { Reason } from './reason.ts';

/**
 * One operation of RFC 6902. We only ever add: on a member that is there, `add` replaces it
 * (section 4.1), so it serves for both.
 */
export interface PatchOperation {
  readonly op: 'add';
  readonly path: string;
  readonly value: unknown;
}

/** One change that the webhook makes, and its words. */
export interface Injection {
  readonly words: string;
  /** In order; whatever parent they need is made by an earlier one. */
  readonly operations: readonly PatchOperation[];
  /** What it costs, for its user to know. */
  readonly price?: string;
}

/** What one rule makes of one object: it changes something, or says why not, or has nothing to say. */
export interface Ruling {
  readonly injections: readonly Injection[];
  /** What was left alone, and why. */
  readonly declined: readonly Reason[];
}

export const NOTHING: Ruling = { injections: [], declined: [] };

export function add(path: string, value: unknown): PatchOperation {
  return { op: 'add', path, value };
}

export function injecting(words: string, ...operations: readonly PatchOperation[]): Ruling {
  return { injections: [{ words, operations }], declined: [] };
}

export function declining(code: Reason['code'], words: string): Ruling {
  return { injections: [], declined: [{ code, words }] };
}
