import { colorNamed } from './colors.js';
import { NAMED, TITLE_HEIGHT, WITH_DEVICES } from './tile-layout.js';

/**
 * @typedef {import('../shapes.ts').ShownNodeSummary} ShownNodeSummary
 * @typedef {import('./tile-layout.js').Tile} Tile
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import('./tile-layout.js').Title} title
 */
export function drawTitle(context, { title, x, y }) {
  context.fillStyle = colorNamed('quiet');
  context.fillText(title, x, y + TITLE_HEIGHT / 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Tile} tile
 * @param {boolean} isPointedAt
 */
export function drawTile(context, tile, isPointedAt) {
  const { x, y, width, height } = tile;
  if (height < WITH_DEVICES) drawDot(context, tile);
  else drawBox(context, tile);
  if (!isPointedAt) return;
  context.strokeStyle = colorNamed('ink');
  context.lineWidth = 2;
  context.strokeRect(x - 1, y - 1, width + 2, height + 2);
}

/**
 * What is free is pale, so that one sees where work is.
 * @param {CanvasRenderingContext2D} context
 * @param {Tile} tile
 */
function drawDot(context, { node, x, y, width, height }) {
  context.globalAlpha = lookOf(node) === 'normal' && node.busy === 0 ? 0.35 : 1;
  context.fillStyle = colorNamed(lookOf(node));
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
  if (lookOf(node) !== 'high' || height < 6) return;
  // Not by its colour alone.
  context.fillStyle = colorNamed('panel');
  context.fillRect(x + width / 2 - 1, y + height / 2 - 1, 2, 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Tile} tile
 */
function drawBox(context, { node, x, y, width, height }) {
  const look = lookOf(node);
  context.fillStyle = colorNamed('ground');
  context.fillRect(x, y, width, height);
  const top = height >= NAMED ? 20 : 4;
  if (height >= NAMED) {
    context.fillStyle = colorNamed('ink');
    context.fillText(shortName(context, node.node, width - 8), x + 4, y + 11);
  }
  const inner = { x: x + 4, y: y + top, width: width - 8, height: height - top - 4 };
  drawDevices(context, node, inner);
  context.strokeStyle = look === 'normal' ? colorNamed('line') : colorNamed(look);
  context.lineWidth = look === 'high' ? 2 : 1;
  context.setLineDash(node.state === 'ready' ? [] : [3, 2]);
  context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
  context.setLineDash([]);
}

/**
 * What a node looks like: a device that is out is as bad as a high hazard.
 * @param {ShownNodeSummary} node
 */
function lookOf({ state: nodeState, bad, hazard }) {
  if (nodeState === 'not ready') return 'down';
  return bad > 0 ? 'high' : hazard;
}

/**
 * Squares for its devices: those that are busy, those that are free, and those that are out. Which is which, the view of
 * the node tells.
 * @param {CanvasRenderingContext2D} context
 * @param {ShownNodeSummary} node
 * @param {{ x: number, y: number, width: number, height: number }} box
 */
function drawDevices(context, { devices, busy, bad, state: nodeState }, box) {
  if (devices === 0) return;
  const most = Math.min(devices, 32);
  const columns = columnsOf(most, box.width / box.height);
  const rows = Math.ceil(most / columns);
  const size = Math.max(
    2,
    Math.min(11, Math.floor(Math.min(box.width / columns, box.height / rows)) - 1),
  );
  context.globalAlpha = nodeState === 'not ready' ? 0.4 : 1;
  for (let at = 0; at < most; at += 1) {
    const left = box.x + (at % columns) * (size + 1);
    const top = box.y + Math.floor(at / columns) * (size + 1);
    const isOut = at >= most - bad;
    context.fillStyle = colorNamed(isOut ? 'high' : 'normal');
    context.strokeStyle = context.fillStyle;
    context.lineWidth = 1;
    if (at < busy && !isOut) context.fillRect(left, top, size, size);
    else context.strokeRect(left + 0.5, top + 0.5, size - 1, size - 1);
    if (!isOut) continue;
    context.beginPath();
    context.moveTo(left, top);
    context.lineTo(left + size, top + size);
    context.moveTo(left + size, top);
    context.lineTo(left, top + size);
    context.stroke();
  }
  context.globalAlpha = 1;
}

/**
 * A name that fits, with its end, which tells most.
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 * @param {number} width
 */
function shortName(context, name, width) {
  if (context.measureText(name).width <= width) return name;
  let end = name;
  while (end.length > 1 && context.measureText(`…${end}`).width > width) end = end.slice(1);
  return `…${end}`;
}

/**
 * As many columns as the box is wide for, and where that is near, so many that all rows are full.
 * @param {number} count
 * @param {number} ratio of the width to the height
 */
function columnsOf(count, ratio) {
  const wanted = Math.ceil(Math.sqrt(count * ratio));
  for (let columns = wanted; columns <= 2 * wanted; columns += 1) {
    if (count % columns === 0) return columns;
  }
  return wanted;
}
