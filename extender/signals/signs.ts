import { ownText } from '../bounds/cut-text.ts';
import type { Catalogue, CatalogueRow, Source, Worth } from './catalogue.ts';

/** What one row finds in one place of the API: which device, which code, and what that is worth. */
export interface Sign {
  readonly row: CatalogueRow;
  readonly worth: Worth;
  readonly code?: string;
  /** Absent when the text names no device. */
  readonly device?: string;
  /** Where in the node the device sits, such as its PCI address. */
  readonly pciSlot?: string;
}

/** The fields of one place in the API, such as a condition. */
export type Fields = Readonly<Record<string, string | undefined>>;

const NONE: readonly Sign[] = [];

/** The field that sorts out most rows of a source: written by administrators, so there are few. */
const KEY_OF: Readonly<Partial<Record<Source, string>>> = {
  'node-condition': 'type',
  'node-label': 'key',
  'node-annotation': 'key',
  'node-taint': 'key',
};

/** Texts longer than any source writes (NVSentinel cuts at 1,024) are a tenant's; the rest is not read. */
const LONGEST_TEXT = 4096;
/** Codes and ids are short; what is longer is something else. */
const LONGEST_NAME = 128;

/** The signs that the catalogue's rows for this source find in one place. */
export function signsIn(catalogue: Catalogue, source: Source, fields: Fields): readonly Sign[] {
  const key = KEY_OF[source];
  const text = key === undefined ? undefined : fields[key];
  const rows =
    key === undefined || text === undefined
      ? catalogue.of(source)
      : catalogue.candidates(source, key, text);
  if (rows.length === 0) return NONE;
  return rows.flatMap((row) => (matches(row, fields) ? signsOf(row, fields) : NONE));
}

/** True when every field that the row names is what it says. */
export function matches({ match }: CatalogueRow, fields: Fields): boolean {
  for (const field in match) {
    const expression = match[field];
    if (expression !== undefined && !expression.test((fields[field] ?? '').slice(0, LONGEST_TEXT)))
      return false;
  }
  return true;
}

/** One sign for each entry of the text that names a code or a device; one for all if none does. */
export function signsOf(row: CatalogueRow, fields: Fields): readonly Sign[] {
  const text = (fields[row.read] ?? '').slice(0, LONGEST_TEXT);
  const entries = row.split === undefined ? [text] : text.split(row.split);
  const signs = entries.map((entry) => signFrom(row, entry));
  const telling = signs.filter(({ code, device }) => code !== undefined || device !== undefined);
  return telling.length > 0 ? telling : [{ row, worth: row.worth }];
}

function signFrom(row: CatalogueRow, entry: string): Sign {
  const code = firstGroup(row.code, entry);
  const device = firstGroup(row.device, entry);
  const pciSlot = firstGroup(row.pciSlot, entry);
  return {
    row,
    worth: (code === undefined ? undefined : row.codes.get(code)) ?? row.worth,
    ...(code !== undefined && { code }),
    ...(device !== undefined && { device }),
    ...(pciSlot !== undefined && { pciSlot }),
  };
}

function firstGroup(expression: RegExp | undefined, text: string): string | undefined {
  const found = expression?.exec(text)?.[1];
  const isName = found !== undefined && found !== '' && found.length <= LONGEST_NAME;
  return isName ? ownText(found) : undefined;
}
