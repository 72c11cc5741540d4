/**
 * Which nodes of the fleet are shown.
 * @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary
 */

/**
 * @typedef {object} Filters
 * @property {RegExp | undefined} name
 * @property {boolean} onlyBad
 * @property {string} model
 * @property {string} driver
 * @property {string} rack
 * @property {string} namespace
 */

/**
 * @typedef {object} Options
 * @property {readonly string[]} models
 * @property {readonly string[]} drivers
 * @property {readonly string[]} racks
 * @property {readonly string[]} namespaces
 */

const byName = new Intl.Collator('en', { numeric: true }).compare;
/** More choices are found by typing. */
const MOST_OPTIONS = 500;

/**
 * What is typed and ticked. A name is a whole one, or the beginning of one up to a letter: `gpu-1` is not `gpu-19`
 * unless it is asked for as `gpu-1*`.
 * @param {string} text
 * @param {boolean} onlyBad
 */
export function filtersFrom(text, onlyBad) {
  const wanted = text.trim();
  const safe = wanted.replace(/[.*+?^${}()|[\]\\]/g, (one) => (one === '*' ? '.*' : `\\${one}`));
  // After a number no further digit, so that gpu-1 is not gpu-19.
  const end = /\d$/.test(wanted) ? '(?!\\d)' : '';
  return {
    name: wanted === '' ? undefined : new RegExp(safe + end, 'i'),
    onlyBad,
  };
}

/**
 * @param {ShownNodeSummary} node
 * @param {Filters} filters
 */
export function isShown(node, { name, onlyBad, model, driver, rack, namespace }) {
  return (
    (name === undefined || name.test(node.node)) &&
    (!onlyBad || isBad(node)) &&
    (model === '' || node.model === model) &&
    (driver === '' || node.driver === driver) &&
    (rack === '' || node.rack === rack) &&
    (namespace === '' || node.namespaces.includes(namespace))
  );
}

/** @param {ShownNodeSummary} node */
export function isBad({ bad, open, hazard, state }) {
  return bad > 0 || open > 0 || hazard !== 'normal' || state === 'not ready';
}

/**
 * The worst first: as the command line has it.
 * @param {ShownNodeSummary} a
 * @param {ShownNodeSummary} b
 */
export function byWorst(a, b) {
  return b.bad - a.bad || b.open - a.open || b.times - a.times || byName(a.node, b.node);
}

/**
 * @param {ShownNodeSummary} a
 * @param {ShownNodeSummary} b
 */
export function byNodeName(a, b) {
  return byName(a.node, b.node);
}

/**
 * What there is to choose from.
 * @param {readonly ShownNodeSummary[]} nodes
 * @returns {Options}
 */
export function optionsOf(nodes) {
  return {
    models: valuesOf(nodes.flatMap(({ model }) => model ?? [])),
    drivers: valuesOf(nodes.flatMap(({ driver }) => driver ?? [])),
    racks: valuesOf(nodes.flatMap(({ rack }) => rack ?? [])),
    namespaces: valuesOf(nodes.flatMap(({ namespaces }) => namespaces)),
  };
}

/** @param {readonly string[]} values */
function valuesOf(values) {
  return [...new Set(values)].sort(byName).slice(0, MOST_OPTIONS);
}

/**
 * The nodes in groups: by rack, or all in one, the worst first.
 * @param {readonly ShownNodeSummary[]} nodes
 * @param {string} order
 * @returns {readonly { readonly title: string, readonly nodes: readonly ShownNodeSummary[] }[]}
 */
export function groupsOf(nodes, order) {
  if (order === 'worst') return [{ title: '', nodes: [...nodes].sort(byWorst) }];
  const racks = Map.groupBy(nodes, ({ rack }) => rack ?? 'no rack named');
  return [...racks]
    .sort(([a], [b]) => byName(a, b))
    .map(([title, own]) => ({ title, nodes: own.sort(byNodeName) }));
}
