import { createHash } from 'node:crypto';
import { HOME } from './keys.ts';

/** 80 bits: among a million slots two share a label once in a million fleets. */
const HASH_DIGITS = 20;

/**
 * The label of the nodes that are home to this slot, for schedulers that do not ask us. A hash of the slot's
 * key: that is longer than a label's name may be, and who may read nodes need not learn what runs there.
 */
export function homeLabelOf(slotKey: string): string {
  const digest = createHash('sha256').update(slotKey).digest('hex');
  return `${HOME}${digest.slice(0, HASH_DIGITS)}`;
}

/** Labels of ours that a Node has as somebody's home. */
export function homeLabelsIn(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(labels).filter((key) => key.startsWith(HOME));
}
