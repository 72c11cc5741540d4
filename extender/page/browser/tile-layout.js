/** Where the nodes of a fleet are drawn. */

/** @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary */

/**
 * A node, in pixels from the top left of the whole map.
 * @typedef {object} Tile
 * @property {ShownNodeSummary} node
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 */

/**
 * The name of a group, above its tiles.
 * @typedef {object} Title
 * @property {string} title
 * @property {number} x
 * @property {number} y
 */

/** @typedef {{ readonly title: string, readonly nodes: readonly ShownNodeSummary[] }} Group */

/** Heights of a tile, from one with a name and its devices to a dot. */
const SIZES = [44, 34, 26, 20, 15, 11, 8, 6];
/** From this height on a tile has its name, its devices, and its group a title. */
export const NAMED = 34;
export const WITH_DEVICES = 20;
const WITH_TITLES = 11;
const NAMED_WIDTH = 88;
const LEAST_TITLE_WIDTH = 64;
export const TITLE_HEIGHT = 16;

/**
 * The largest tiles that all fit into a height, or so many steps larger or smaller.
 * @param {readonly Group[]} groups
 * @param {number} width
 * @param {number} mostHeight
 * @param {number} steps
 */
export function fittingSize(groups, width, mostHeight, steps) {
  const found = SIZES.findIndex((size) => laidOut(groups, size, width).height <= mostHeight);
  const fitting = found === -1 ? SIZES.length - 1 : found;
  const index = Math.min(SIZES.length - 1, Math.max(0, fitting - steps));
  return SIZES[index] ?? WITH_TITLES;
}

/**
 * Groups from left to right and from top to bottom, each as a block of tiles.
 * @param {readonly Group[]} groups
 * @param {number} size
 * @param {number} width
 * @returns {{ readonly tiles: readonly Tile[], readonly titles: readonly Title[], readonly height: number }}
 */
export function laidOut(groups, size, width) {
  const hasTitles = size >= WITH_TITLES && groups.some(({ title }) => title !== '');
  const gap = gapOf(size);
  const tileWidth = size >= NAMED ? NAMED_WIDTH : size;
  const top = hasTitles ? TITLE_HEIGHT : 0;
  const between = hasTitles ? 12 : 2 * gap;
  /** @type {Tile[]} */
  const tiles = [];
  /** @type {Title[]} */
  const titles = [];
  let [left, y, rowHeight] = [0, 0, 0];
  for (const { title, nodes } of groups) {
    const columns = columnsOf(nodes.length, groups.length === 1, hasTitles, {
      size,
      tileWidth,
      gap,
      width,
    });
    const blockWidth = columns * (tileWidth + gap) - gap;
    if (left > 0 && left + blockWidth > width) {
      [left, y, rowHeight] = [0, y + rowHeight + between, 0];
    }
    if (hasTitles) titles.push({ title, x: left, y });
    nodes.forEach((node, at) => {
      tiles.push({
        node,
        x: left + (at % columns) * (tileWidth + gap),
        y: y + top + Math.floor(at / columns) * (size + gap),
        width: tileWidth,
        height: size,
      });
    });
    rowHeight = Math.max(rowHeight, top + Math.ceil(nodes.length / columns) * (size + gap));
    left += blockWidth + between;
  }
  return { tiles, titles, height: y + rowHeight };
}

/** @param {number} size */
function gapOf(size) {
  if (size >= WITH_DEVICES) return 4;
  return size >= WITH_TITLES ? 2 : 1;
}

/**
 * A group alone takes the whole width; of several each is about twice as wide as it is high, and as wide as its title.
 * @param {number} count
 * @param {boolean} isAlone
 * @param {boolean} hasTitle
 * @param {{ size: number, tileWidth: number, gap: number, width: number }} measures
 */
function columnsOf(count, isAlone, hasTitle, { size, tileWidth, gap, width }) {
  const most = Math.max(1, Math.floor((width + gap) / (tileWidth + gap)));
  if (isAlone) return most;
  const wide = Math.ceil(Math.sqrt(count * (size / tileWidth) * 2));
  const forTitle = hasTitle ? Math.ceil(LEAST_TITLE_WIDTH / (tileWidth + gap)) : 1;
  return Math.min(most, Math.max(wide, forTitle));
}
