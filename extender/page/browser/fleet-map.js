import { el } from './dom.js';
import { groupsOf } from './node-filter.js';
import { drawTile, drawTitle } from './tile-drawing.js';
import { fittingSize, laidOut, TITLE_HEIGHT } from './tile-layout.js';
import { counted, timesTheUsual } from './words.js';

/** @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary */

/** @typedef {import('./tile-layout.js').Tile} Tile */

/** The share of the window that the map takes, where tiles of some size allow it. */
const SHARE_OF_WINDOW = 0.55;
const LEAST_HEIGHT = 260;

/**
 * All nodes as tiles on one canvas: thousands of elements would be slow. Arrows move over the tiles, Enter opens one;
 * what is pointed at is said in words.
 */
export class FleetMap {
  #onOpen;
  #canvas = document.createElement('canvas');
  #spacer = el('div', 'spacer');
  #said = el('p', 'said');
  /** @type {readonly Tile[]} */
  #tiles = [];
  /** @type {readonly import('./tile-layout.js').Title[]} */
  #titles = [];
  /** @type {readonly ShownNodeSummary[]} */
  #nodes = [];
  #order = 'rack';
  #zoom = 0;
  /** @type {string | undefined} */
  #at;
  #isPlanned = false;
  #resized;
  #dark = matchMedia('(prefers-color-scheme: dark)');
  #redraw = () => this.#plan();

  /** @param {(node: string) => void} onOpen */
  constructor(onOpen) {
    this.#onOpen = onOpen;
    this.element = el('div', '', this.#said);
    this.scroll = el('div', 'tiles', this.#spacer, this.#canvas);
    this.element.prepend(this.scroll);
    this.scroll.tabIndex = 0;
    this.scroll.role = 'application';
    this.scroll.ariaLabel = 'Map of the nodes: arrows move over them, Enter opens one';
    this.#said.role = 'status';
    this.scroll.addEventListener('scroll', this.#redraw, { passive: true });
    this.scroll.addEventListener('pointermove', (event) => this.#point(this.#tileAt(event)));
    this.scroll.addEventListener('pointerleave', () => this.#point(undefined));
    this.scroll.addEventListener('click', (event) => {
      const tile = this.#tileAt(event);
      if (tile !== undefined) this.#onOpen(tile.node.node);
    });
    this.scroll.addEventListener('keydown', (event) => this.#key(event));
    this.#resized = new ResizeObserver(() => this.#layOut());
    this.#resized.observe(this.scroll);
    this.#dark.addEventListener('change', this.#redraw);
  }

  /** Ends what goes on. */
  close() {
    this.#resized.disconnect();
    this.#dark.removeEventListener('change', this.#redraw);
  }

  /**
   * Draws these nodes.
   * @param {readonly ShownNodeSummary[]} nodes
   * @param {string} order
   * @param {number} zoom steps from the size at which all of them fit
   */
  show(nodes, order, zoom) {
    this.#nodes = nodes;
    this.#order = order;
    this.#zoom = zoom;
    this.#layOut();
  }

  #layOut() {
    const width = this.scroll.clientWidth;
    if (width === 0) return;
    const most = Math.max(LEAST_HEIGHT, innerHeight * SHARE_OF_WINDOW);
    const groups = groupsOf(this.#nodes, this.#order);
    const size = fittingSize(groups, width, most, this.#zoom);
    const { tiles, titles, height } = laidOut(groups, size, width);
    this.#tiles = tiles;
    this.#titles = titles;
    this.#spacer.style.height = `${height}px`;
    this.scroll.style.height = `${Math.min(height, most)}px`;
    this.#plan();
  }

  /** Draws once before the next frame, however much has changed. */
  #plan() {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    requestAnimationFrame(() => {
      this.#isPlanned = false;
      this.#draw();
    });
  }

  #draw() {
    const { clientWidth: width, clientHeight: height, scrollTop } = this.scroll;
    const scale = devicePixelRatio;
    this.#canvas.width = width * scale;
    this.#canvas.height = height * scale;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    const context = this.#canvas.getContext('2d');
    if (context === null) return;
    context.scale(scale, scale);
    context.translate(0, -scrollTop);
    for (const title of this.#titles) drawTitle(context, title);
    for (const tile of this.#tiles) {
      if (tile.y + tile.height < scrollTop || tile.y > scrollTop + height) continue;
      drawTile(context, tile, tile.node.node === this.#at);
    }
  }

  /** @param {PointerEvent | MouseEvent} event */
  #tileAt(event) {
    const box = this.scroll.getBoundingClientRect();
    const x = event.clientX - box.left;
    const y = event.clientY - box.top + this.scroll.scrollTop;
    return this.#tiles.find(
      (tile) =>
        tile.x <= x && x < tile.x + tile.width + 1 && tile.y <= y && y < tile.y + tile.height + 1,
    );
  }

  /** @param {Tile | undefined} tile */
  #point(tile) {
    if (this.#at === tile?.node.node) return;
    this.#at = tile?.node.node;
    this.#said.textContent = tile === undefined ? '' : inWords(tile.node);
    this.scroll.style.cursor = tile === undefined ? '' : 'pointer';
    this.#plan();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const tile = this.#tiles.find(({ node }) => node.node === this.#at);
    if (event.key === 'Enter' && tile !== undefined) {
      this.#onOpen(tile.node.node);
      return;
    }
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = tile === undefined ? this.#tiles[0] : nextTile(this.#tiles, tile, step);
    if (next === undefined) return;
    this.#point(next);
    const { scrollTop, clientHeight } = this.scroll;
    if (next.y < scrollTop) this.scroll.scrollTop = next.y - TITLE_HEIGHT;
    const below = next.y + next.height - scrollTop - clientHeight;
    if (below > 0) this.scroll.scrollTop += below + 2;
  }
}

/** @type {Readonly<Record<string, readonly [number, number]>>} */
const STEPS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/**
 * The nearest tile in a direction.
 * @param {readonly Tile[]} tiles
 * @param {Tile} from
 * @param {readonly [number, number]} step
 */
function nextTile(tiles, from, [right, down]) {
  /** @type {Tile | undefined} */
  let best;
  let least = Number.POSITIVE_INFINITY;
  for (const tile of tiles) {
    const [x, y] = [tile.x - from.x, tile.y - from.y];
    const ahead = x * right + y * down;
    const aside = Math.abs(x * down) + Math.abs(y * right);
    // What is straight ahead is nearer than what is a little aside.
    const distance = ahead + 3 * aside;
    if (ahead <= 0 || distance >= least) continue;
    best = tile;
    least = distance;
  }
  return best;
}

/** @param {ShownNodeSummary} node */
function inWords({ node, state: nodeState, devices, busy, bad, words, times, rack, model }) {
  return [
    `${node}${rack === undefined ? '' : ` in ${rack}`}${model === undefined ? '' : `, ${model}`}: ${nodeState}`,
    `${counted(devices, 'device')}, ${busy} busy, ${bad} out`,
    words ?? timesTheUsual(times),
  ].join('; ');
}
