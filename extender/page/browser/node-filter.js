/**
 * Which nodes of the fleet are shown.
 * @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary
 */

/**
 * @typedef {object} Filters
 * @property {string} search
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
 * Whether a name has the text in it, part by part between stars. After a number no further digit may come, so that gpu-1
 * is not gpu-19, unless it is asked for as `gpu-1*`. Never a regular expression: whoever sends a link writes the text.
 * @param {string} name
 * @param {string} search
 */
export function isNamed(name, search) {
  const text = search.trim().toLowerCase();
  const whole = name.toLowerCase();
  const parts = text.split('*');
  const last = parts.pop() ?? '';
  let from = 0;
  for (const part of parts) {
    const at = whole.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  const isNumber = isDigit(last.at(-1));
  for (let at = whole.indexOf(last, from); at !== -1; at = whole.indexOf(last, at + 1)) {
    if (!isNumber || !isDigit(whole[at + last.length])) return true;
    if (last === '') return true;
  }
  return false;
}

/** @param {string | undefined} character */
function isDigit(character) {
  return character !== undefined && character >= '0' && character <= '9';
}

/**
 * @param {ShownNodeSummary} node
 * @param {Filters} filters
 */
export function isShown(node, { search, onlyBad, model, driver, rack, namespace }) {
  return (
    isNamed(node.node, search) &&
    (!onlyBad || isBad(node)) &&
    (model === '' || node.model === model) &&
    (driver === '' || node.driver === driver) &&
    (rack === '' || node.rack === rack) &&
    (namespace === '' || node.namespaces.includes(namespace))
  );
}

/** @param {ShownNodeSummary} node */
function isBad({ bad, open, hazard, state }) {
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
function byNodeName(a, b) {
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
