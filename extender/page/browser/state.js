/**
 * @typedef {import('../shapes.ts').LiveChange} LiveChange
 * @typedef {import('../shapes.ts').ShownNode} ShownNode
 * @typedef {import('../shapes.ts').ShownDecision} ShownDecision
 * @typedef {import('../shapes.ts').Entry} Entry
 */

const MOST_DECISIONS = 50;
const MOST_ENTRIES = 200;

/** What the page knows. Each message of the stream is taken in whole. */
export const state = {
  at: '',
  /** What is wrong, while anything is. @type {string | undefined} */
  alarm: undefined,
  mode: '',
  cluster: '',
  /** @type {ReadonlySet<import('../shapes.ts').ControlName>} */
  controls: new Set(),
  /** @type {readonly import('../shapes.ts').ShownTerm[]} */
  terms: [],
  /** @type {Map<string, ShownNode>} */
  nodes: new Map(),
  /** @type {NonNullable<LiveChange['pending']>} */
  pending: { count: 0, pods: [] },
  /** Pod uid to its decision, oldest first. @type {Map<string, ShownDecision>} */
  decisions: new Map(),
  /** @type {Map<number, Entry>} */
  entries: new Map(),
  /** @type {string | undefined} */
  selected: undefined,
};

/**
 * Takes in a message and says which nodes it changes.
 * @param {LiveChange} change
 * @returns {readonly string[]}
 */
export function takeIn(change) {
  state.at = change.at;
  state.alarm = change.alarm;
  if (change.about !== undefined) {
    state.mode = change.about.mode;
    state.cluster = change.about.cluster ?? '';
    state.controls = new Set(change.about.controls);
    state.terms = change.about.terms;
    // The first message of a connection: what was known may be long past.
    for (const known of [state.nodes, state.decisions, state.entries]) known.clear();
  }
  for (const node of change.nodes ?? []) state.nodes.set(node.node, node);
  for (const name of change.goneNodes ?? []) state.nodes.delete(name);
  if (change.pending !== undefined) state.pending = change.pending;
  for (const decision of change.decisions ?? []) {
    // A decision that was joined with its binding keeps its place; a new one goes last.
    state.decisions.set(decision.pod.uid, decision);
  }
  for (const entry of change.entries ?? []) state.entries.set(entry.number, entry);
  dropOldest(state.decisions, MOST_DECISIONS);
  dropOldest(state.entries, MOST_ENTRIES);
  return [...(change.nodes ?? []).map(({ node }) => node), ...(change.goneNodes ?? [])];
}

/**
 * @template K, V
 * @param {Map<K, V>} map
 * @param {number} most
 */
function dropOldest(map, most) {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
