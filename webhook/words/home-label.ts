import { HOME } from './keys.ts';
import { shortHash } from './short-hash.ts';

/**
 * The label of the nodes that are home to this slot, for schedulers that do not ask us. A hash of the slot's
 * key: that is longer than a label's name may be, and who may read nodes need not learn what runs there.
 */
export function homeLabelOf(slotKey: string): string {
  return `${HOME}${shortHash(slotKey)}`;
}

/** Labels of ours that a Node has as somebody's home. */
export function homeLabelsIn(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(labels).filter((key) => key.startsWith(HOME));
}
