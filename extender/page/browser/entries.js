import { byId, el, showKeyed } from './dom.js';
import { state } from './state.js';
import { clockTime } from './words.js';

/** @type {Readonly<Record<import('../shapes.ts').EntryKind, string>>} */
const LOOK = {
  'device fault': 'fault',
  'node down': 'fault',
  crash: 'crash',
  'group restart': 'crash',
  'device well': 'well',
  'node back': 'well',
  completion: 'well',
  'planned reboot': 'plan',
  cordon: 'plan',
  eviction: 'plan',
  preemption: 'crash',
  reclaim: 'crash',
  deletion: 'plan',
};

/** What Surefoot saw, newest first. */
export function showEntries() {
  showKeyed(
    byId('entries'),
    [...state.entries.values()].reverse(),
    ({ number }) => String(number),
    () => el('li', ''),
    (item, { at, kind, words }) => {
      if (item.dataset.words === words) return;
      item.dataset.words = words;
      item.dataset.kind = kind;
      item.replaceChildren(
        el('time', '', clockTime(at)),
        el('span', `kind ${LOOK[kind]}`, kind),
        el('span', 'words', words),
      );
    },
  );
}
