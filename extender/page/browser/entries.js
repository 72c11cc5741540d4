import { el, nodeLink } from './dom.js';
import { state } from './state.js';
import { momentInWords } from './words.js';

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

/**
 * What Surefoot saw, newest first.
 * @param {number} most
 */
export function entryItems(most) {
  // That work is done is no news.
  return [...state.entries.values()]
    .filter(({ kind }) => kind !== 'completion')
    .slice(-most)
    .reverse()
    .map(({ at, kind, words, node }) => {
      const item = el(
        'li',
        '',
        el('time', '', momentInWords(at, state.at)),
        el('span', `kind ${LOOK[kind]}`, kind),
        ...linked(words, node),
      );
      item.dataset.kind = kind;
      return item;
    });
}

/**
 * The words with the name of the node as a link, where it stands in them.
 * @param {string} words
 * @param {string | undefined} node
 */
function linked(words, node) {
  const at = node === undefined ? -1 : placeOf(node, words);
  if (node === undefined || at === -1) return [el('span', 'words', words)];
  const [before, after] = [words.slice(0, at), words.slice(at + node.length)];
  return [el('span', 'words', before, nodeLink(node), after)];
}

/**
 * Where a name stands in a text, and is not the beginning of a longer one: gpu-1 is not in gpu-19.
 * @param {string} name
 * @param {string} text
 */
function placeOf(name, text) {
  for (let at = text.indexOf(name); at !== -1; at = text.indexOf(name, at + 1)) {
    if (!/[\w-]/.test(text.charAt(at + name.length))) return at;
  }
  return -1;
}
