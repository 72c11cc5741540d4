import { stringify } from 'yaml';
import { print } from './print.ts';
import { tableText } from './table.ts';

/** In which form something is printed. */
export type OutputForm = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** How a list of things is printed in each form, as kubectl does. */
export interface ListForms<T> {
  /** The kind that `-o name` writes before the name. */
  readonly kind: string;
  readonly name: (item: T) => string;
  readonly columns: readonly Column<T>[];
}

export interface Column<T> {
  readonly title: string;
  readonly cell: (item: T) => string;
  /** Only with `-o wide`. */
  readonly isWide?: boolean;
  /** Texts stand to the left, numbers to the right. */
  readonly isText?: boolean;
}

export interface PrintedList {
  readonly output: OutputForm;
  /** What to say in the place of an empty table. */
  readonly none: string;
}

/** A list as a table, as names, or as data. */
export function listText<T>(
  items: readonly T[],
  { kind, name, columns }: ListForms<T>,
  { output, none }: PrintedList,
): string {
  switch (output) {
    case 'json':
      return JSON.stringify({ items }, null, 2);
    case 'yaml':
      return stringify({ items }, { aliasDuplicateObjects: false }).trimEnd();
    case 'name':
      return items.map((item) => `${kind}/${name(item)}`).join('\n');
    default:
      return items.length === 0 ? none : rowsText(items, shownColumns(columns, output), true);
  }
}

/** Prints a list, and with `isWatched` each item that has changed since, for as long as the command runs. */
export async function printList<T>(
  look: () => Promise<readonly T[]>,
  forms: ListForms<T>,
  { isWatched, everyMs, ...printed }: PrintedList & { isWatched: boolean; everyMs: number },
  sleep: (ms: number) => Promise<unknown>,
): Promise<void> {
  let items = await look();
  const first = listText(items, forms, printed);
  if (first !== '') print(first);
  if (!isWatched) return;
  const columns = shownColumns(forms.columns, printed.output);
  const rowOf = (item: T) => columns.map(({ cell }) => cell(item)).join('\t');
  for (;;) {
    const before = new Set(items.map(rowOf));
    await sleep(everyMs);
    items = await look();
    const changed = items.filter((item) => !before.has(rowOf(item)));
    if (changed.length > 0) print(rowsText(changed, columns, false));
  }
}

function shownColumns<T>(
  columns: readonly Column<T>[],
  output: PrintedList['output'],
): readonly Column<T>[] {
  return columns.filter(({ isWide }) => isWide !== true || output === 'wide');
}

function rowsText<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  hasTitles: boolean,
): string {
  const titles = columns.map(({ title }) => title);
  const rows = items.map((item) => columns.map(({ cell }) => cell(item)));
  const texts = columns.flatMap(({ isText }, at) => (isText === true ? [at] : []));
  return tableText(hasTitles ? [titles, ...rows] : rows, texts);
}
