import { setTimeout as sleep } from 'node:timers/promises';
import { dataText } from './data.ts';
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
  /** What of an item is news when it changes: its age is not. */
  readonly version: (item: T) => string;
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
  const data = dataText({ items }, output);
  if (data !== undefined) return data;
  if (output === 'name') return items.map((item) => `${kind}/${name(item)}`).join('\n');
  return items.length === 0 ? none : rowsText(items, shownColumns(columns, output), true);
}

const WATCH_EVERY_MS = 2000;

/** Prints a list, and with `isWatched` each item that has changed since, for as long as the command runs. */
export async function printList<T>(
  look: () => Promise<readonly T[]>,
  forms: ListForms<T>,
  { isWatched, ...printed }: PrintedList & { readonly isWatched: boolean },
): Promise<void> {
  let items = await look();
  const first = listText(items, forms, printed);
  if (first !== '') print(first);
  if (!isWatched) return;
  const columns = shownColumns(forms.columns, printed.output);
  const versionOf = (item: T) => `${forms.name(item)}\t${forms.version(item)}`;
  for (;;) {
    const before = new Set(items.map(versionOf));
    await sleep(WATCH_EVERY_MS);
    items = await look();
    const changed = items.filter((item) => !before.has(versionOf(item)));
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
