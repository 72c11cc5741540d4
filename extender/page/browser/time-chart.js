import { colorNamed } from './colors.js';

/**
 * What goes over time, drawn by uPlot, which makes the axis and lets one choose a span of it.
 * @typedef {import('uplot')} UPlot
 */

/** The library's script defines it. */
/** @type {{ uPlot?: new (options: import('uplot').Options, data: import('uplot').AlignedData, target: HTMLElement) => UPlot }} */
const library = /** @type {never} */ (globalThis);

/**
 * @typedef {object} Series
 * @property {string} label
 * @property {string} color the name of a colour of page.css
 * @property {readonly (number | null)[]} values
 * @property {'bars' | 'points' | 'line'} look
 * @property {string} [scale] the axis on the right, when not the one on the left
 */

/**
 * @typedef {object} Band
 * @property {number} fromSeconds
 * @property {number} toSeconds
 * @property {string} color
 */

/**
 * @typedef {object} ChartOptions
 * @property {readonly number[]} seconds since 1970, ascending
 * @property {readonly Series[]} series
 * @property {readonly [number, number]} span
 * @property {readonly [number, number]} [range] of the left axis
 * @property {readonly Band[]} [bands]
 * @property {number} height
 * @property {(fromSeconds: number, toSeconds: number) => void} [onChoose]
 */

/**
 * Draws a chart into an element, as wide as that is; gives what ends it.
 * @param {HTMLElement} target
 * @param {ChartOptions} options
 * @returns {() => void}
 */
export function drawChart(target, { seconds, series, span, range, bands = [], height, onChoose }) {
  if (library.uPlot === undefined || target.clientWidth === 0) return () => {};
  /** @param {UPlot} _chart @param {number[]} moments @param {number} _axis @param {number} _space @param {number} step */
  const whens = (_chart, moments, _axis, _space, step) =>
    moments.map((at) => whenInWords(at, step));
  const axis = {
    stroke: colorNamed('quiet'),
    grid: { stroke: colorNamed('line'), width: 1 },
    ticks: { show: false },
  };
  const hasRight = series.some(({ scale }) => scale !== undefined);
  const uPlot = library.uPlot;
  const bars =
    /** @type {{ paths?: { bars?: (options: object) => import('uplot').Series.PathBuilder } }} */ (
      /** @type {unknown} */ (uPlot)
    ).paths?.bars;
  const chart = new uPlot(
    {
      width: target.clientWidth,
      height,
      scales: {
        x: { time: true, range: [span[0], span[1]] },
        y:
          range === undefined
            ? { range: (_chart, _least, most) => [0, Math.max(1, most * 1.1)] }
            : { range: [...range] },
        ...(hasRight && {
          right: { range: (_chart, _least, most) => [0, Math.max(1, most * 1.1)] },
        }),
      },
      axes: [
        { ...axis, values: whens },
        { ...axis, size: 44 },
        ...(hasRight
          ? [
              {
                ...axis,
                scale: 'right',
                side: /** @type {const} */ (1),
                size: 44,
                grid: { show: false },
              },
            ]
          : []),
      ],
      series: [
        {},
        ...series.map(({ label, color: name, look, scale }) => ({
          label,
          stroke: colorNamed(name),
          ...(scale !== undefined && { scale: 'right' }),
          ...(look === 'bars' &&
            bars !== undefined && { fill: colorNamed(name), paths: bars({ size: [0.8, 40] }) }),
          ...(look === 'points' && { fill: colorNamed(name), paths: () => null }),
          points:
            look === 'points' ? { show: true, size: 9, fill: colorNamed(name) } : { show: false },
        })),
      ],
      legend: { show: true, live: false },
      cursor: { y: false, drag: { x: onChoose !== undefined, y: false, setScale: false } },
      hooks: {
        drawClear: [
          (drawn) => {
            for (const { fromSeconds, toSeconds, color: name } of bands) {
              const left = drawn.valToPos(Math.max(fromSeconds, span[0]), 'x', true);
              const right = drawn.valToPos(Math.min(toSeconds, span[1]), 'x', true);
              drawn.ctx.globalAlpha = 0.18;
              drawn.ctx.fillStyle = colorNamed(name);
              drawn.ctx.fillRect(
                left,
                drawn.bbox.top,
                Math.max(2, right - left),
                drawn.bbox.height,
              );
              drawn.ctx.globalAlpha = 1;
            }
          },
        ],
        setSelect: [
          (drawn) => {
            if (onChoose === undefined || drawn.select.width < 4) return;
            const { left, width } = drawn.select;
            onChoose(drawn.posToVal(left, 'x'), drawn.posToVal(left + width, 'x'));
          },
        ],
      },
    },
    [[...seconds], ...series.map(({ values }) => [...values])],
    target,
  );
  const resized = new ResizeObserver(() => {
    if (target.clientWidth > 0) chart.setSize({ width: target.clientWidth, height });
  });
  resized.observe(target);
  return () => {
    resized.disconnect();
    chart.destroy();
  };
}

/**
 * A mark of the axis: a day where marks are days apart and where one begins, else a time of day.
 * @param {number} atSeconds
 * @param {number} stepSeconds
 */
function whenInWords(atSeconds, stepSeconds) {
  const at = new Date(atSeconds * 1000);
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0;
  return stepSeconds >= 86_400 || isMidnight
    ? at.toLocaleDateString([], { day: 'numeric', month: 'short' })
    : at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
}
