import Table from 'cli-table3';

export type Cell = string;

/** Columns as kubectl prints them: the first and these to the left, the others to the right, no lines. */
export function tableText(
  rows: readonly (readonly Cell[])[],
  texts: readonly number[] = [],
): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const isLeft = (index: number) => index === 0 || texts.includes(index);
  const table = new Table({
    chars: NO_LINES,
    colAligns: Array.from({ length: columns }, (_none, index) =>
      isLeft(index) ? 'left' : 'right',
    ),
    style: { 'padding-left': 0, 'padding-right': 3, head: [], border: [] },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const NO_LINES = Object.fromEntries(
  [
    ...['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left'],
    ...['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle'],
  ].map((place) => [place, '']),
);
