import { stringify } from 'yaml';

/** As data, where that is asked for; `undefined` where people read. */
export function dataText(data: object, output: string): string | undefined {
  if (output === 'json') return JSON.stringify(data, null, 2);
  if (output === 'yaml') return stringify(data, { aliasDuplicateObjects: false }).trimEnd();
  return undefined;
}
