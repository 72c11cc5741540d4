import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { timeOf } from '../../facts/timestamp.ts';
import { csvOf, markdownOf } from '../../report/document.ts';
import { claimsOf, warrantyClaims } from '../../report/warranty.ts';
import { warrantyDocument, warrantyTable } from '../../report/warranty-document.ts';
import { builtInCatalogue } from '../../signals/built-in-catalogue.ts';
import type { PageOptions } from './extender-pages.ts';
import { storedHistories } from './stored-histories.ts';

export interface WarrantyOptions extends PageOptions {
  readonly all?: boolean;
  readonly owners?: boolean;
  readonly output: 'md' | 'csv' | 'json';
}

/** The evidence for the return of a device, of all devices of a node, or of all that are likely to have failed. */
export async function warranty(
  name: string | undefined,
  options: WarrantyOptions,
): Promise<string> {
  const { all = false, owners = false, output } = options;
  if ((name === undefined) !== all) {
    throw new WrongCall('name a node or a device, or say --all, and not both');
  }
  const { histories, nowSeconds } = await storedHistories(options);
  const claims = warrantyClaims(histories, { nowSeconds, owners, sourceOf: sourcesOf() });
  const wanted = name === undefined ? claims : claimsOf(name, claims);
  if (wanted.length === 0) {
    throw new Error(
      name === undefined
        ? 'no device and no node is likely to have had a hardware fault'
        : `nothing of "${name}" is likely to have had a hardware fault; surefoot warranty --all lists what has, surefoot node NAME all that was seen`,
    );
  }
  switch (output) {
    case 'json':
      return JSON.stringify({ items: wanted }, null, 2);
    case 'csv':
      return csvOf(warrantyTable(wanted));
    default:
      return markdownOf(warrantyDocument(wanted, timeOf(nowSeconds)));
  }
}

/** `node-condition gpu-unhealthy (where it is documented)`; a row that an administrator has added is told by its name. */
function sourcesOf(): (row: string) => string {
  const rows = new Map(builtInCatalogue().rows.map((row) => [row.name, row]));
  return (name) => {
    const row = rows.get(name);
    return row === undefined ? name : `${row.source} ${name} (${row.cites})`;
  };
}
