import { LONGEST_NAME } from '../../webhook/words/longest-name.ts';
import { ownText } from '../bounds/cut-text.ts';
import type { CatalogueRow } from '../signals/catalogue.ts';
import { type Finding, findingFrom } from '../signals/finding.ts';
import { physicalDevice } from '../signals/identity.ts';
import { signsOf } from '../signals/signs.ts';
import type { PrometheusSettings } from './settings.ts';

/** One series of an answer, at its moment. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
}

/** Longer than any device's id. */
const LONGEST_DEVICE = 128;

/** Who is meant by what a sample says: a device, or the node where the row names none. */
export interface Subject {
  readonly node: string;
  /** What the keys of its findings begin with. */
  readonly key: string;
  readonly device?: string;
}

/** Whom a sample is about; `undefined` where it is of a target that nobody believes, or names no node. */
export function subjectOf(
  { labels }: Sample,
  { name, metric }: CatalogueRow,
  { trusted }: Pick<PrometheusSettings, 'trusted'>,
): Subject | undefined {
  const isTrusted = Object.entries(trusted).every(([label, values]) =>
    values.includes(labels[label] ?? ''),
  );
  const node = labels[metric?.labels.node ?? ''];
  if (!isTrusted || node === undefined || node === '' || node.length > LONGEST_NAME) return;
  if (metric?.labels.device === undefined) return { node, key: name };
  const device = physicalDevice(labels[metric.labels.device] ?? '');
  // A device's id stands between bars in keys.
  if (!/^[^|\s]+$/.test(device) || device.length > LONGEST_DEVICE) return;
  return { node: ownText(node), key: `${name}|${device}`, device: ownText(device) };
}

/** What a bad sample finds; its code, where the row reads one, stands in the value. */
export function findingsOf(
  { value }: Sample,
  row: CatalogueRow,
  { device }: Subject,
): readonly Finding[] {
  return signsOf(row, { value }).map((sign) =>
    findingFrom({ ...sign, ...(device !== undefined && { device }) }),
  );
}
