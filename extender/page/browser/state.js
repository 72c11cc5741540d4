/**
 * @typedef {import('../shapes.ts').LiveChange} LiveChange
 * @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary
 * @typedef {import('../shapes.ts').ShownDecision} ShownDecision
 * @typedef {import('../shapes.ts').Entry} Entry
 */

const MOST_DECISIONS = 200;
const MOST_ENTRIES = 200;

/** What the page knows. Each message of the stream is taken in whole. */
export const state = {
  at: '',
  /** What is wrong, while anything is. @type {string | undefined} */
  alarm: undefined,
  /** What is being shown. @type {string | undefined} */
  caption: undefined,
  mode: '',
  cluster: '',
  /** @type {number | undefined} */
  simulatedSpeed: undefined,
  /** How many nodes there were when the page was opened: until so many are here, it loads. */
  nodesToCome: 0,
  /** @type {ReadonlySet<import('../shapes.ts').ControlName>} */
  controls: new Set(),
  /** @type {readonly import('../shapes.ts').ShownTerm[]} */
  terms: [],
  /** @type {Map<string, ShownNodeSummary>} */
  nodes: new Map(),
  /** @type {NonNullable<LiveChange['pending']>} */
  pending: { count: 0, pods: [] },
  /** Pod uid to its decision, oldest first. @type {Map<string, ShownDecision>} */
  decisions: new Map(),
  /** @type {Map<number, Entry>} */
  entries: new Map(),
  /** What the extender says of itself. @type {import('../shapes.ts').ShownHealth | undefined} */
  health: undefined,
};

/**
 * What a message has changed.
 * @typedef {object} Changed
 * @property {boolean} isFirst
 * @property {readonly string[]} nodes
 * @property {boolean} pods
 * @property {boolean} decisions
 * @property {boolean} entries
 */

/**
 * Takes in a message and says what it changes.
 * @param {LiveChange} change
 * @returns {Changed}
 */
export function takeIn(change) {
  state.at = change.at;
  state.alarm = change.alarm;
  state.caption = change.caption;
  if (change.about !== undefined) beginAnew(change.about);
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
  return {
    isFirst: change.about !== undefined,
    nodes: [...(change.nodes ?? []).map(({ node }) => node), ...(change.goneNodes ?? [])],
    pods: change.pending !== undefined || change.nodes !== undefined,
    decisions: change.decisions !== undefined,
    entries: change.entries !== undefined,
  };
}

/**
 * The first message of a connection: what was known may be long past.
 * @param {NonNullable<LiveChange['about']>} about
 */
function beginAnew(about) {
  state.mode = about.mode;
  state.cluster = about.cluster ?? '';
  state.controls = new Set(about.controls);
  state.terms = about.terms;
  state.simulatedSpeed = about.simulatedSpeed;
  state.nodesToCome = about.nodes;
  for (const known of [state.nodes, state.decisions, state.entries]) known.clear();
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
