import type { Toleration } from '../../webhook/words/pod.ts';
import { isTolerated } from '../../webhook/words/toleration.ts';
import { type Catalogue, probabilityOf } from './catalogue.ts';
import { isGoodStatus } from './good-status.ts';
import { physicalDevice } from './identity.ts';
import type { DeviceCount, DeviceHealth } from './observed.ts';
import { type Fields, matches, type Sign, signsIn } from './signs.ts';

/** A sign that stands in the API now, such as a condition. */
export interface Finding extends Sign {
  /** The same for as long as the state stands, and after a restart of ours. */
  readonly key: string;
  readonly resource?: string;
  /** When the API says that it began. */
  readonly sinceSeconds?: number;
  /** Says more than the row does. */
  readonly words?: string;
}

/** What a Node says of itself, as far as a catalogue row may look at it. */
export interface NodeMarks {
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
    readonly sinceSeconds?: number;
  }[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly taints: readonly {
    readonly key: string;
    readonly value?: string;
    readonly effect: string;
    readonly sinceSeconds?: number;
  }[];
  readonly isCordoned: boolean;
}

/** Conditions and taints of Kubernetes itself, and our own, that say nothing about devices. */
const OF_KUBERNETES =
  /^(Ready|MemoryPressure|DiskPressure|PIDPressure|NetworkUnavailable|node\.kubernetes\.io\/.*|node\.cloudprovider\.kubernetes\.io\/.*|node-role\.kubernetes\.io\/.*|surefoot\.dev\/.*)$/;
/** Enough to recognise a reason. */
const LONGEST_REASON = 128;
/** More kinds of conditions than any node seen has. */
const MOST_UNMAPPED = 64;

/**
 * What the catalogue finds in a Node, and the conditions and taints that no row knows; a taint by a key that device
 * pods tolerate is nothing odd.
 */
export function nodeFindings(
  marks: NodeMarks,
  catalogue: Catalogue,
  tolerations: readonly Toleration[] = [],
): { readonly findings: readonly Finding[]; readonly unmapped: readonly string[] } {
  const findings: Finding[] = [];
  const unmapped: string[] = [];
  for (const { sinceSeconds, ...condition } of marks.conditions) {
    const signs = signsIn(catalogue, 'node-condition', condition);
    findings.push(...signs.map((sign) => findingFrom(sign, {}, sinceSeconds)));
    if (signs.length > 0) continue;
    const odd = unlistedCondition(condition, catalogue, sinceSeconds);
    findings.push(...odd.findings);
    unmapped.push(...odd.unmapped);
  }
  for (const { key, value = '', effect, sinceSeconds } of marks.taints) {
    const signs = signsIn(catalogue, 'node-taint', { key, value, effect });
    findings.push(...signs.map((sign) => findingFrom(sign, {}, sinceSeconds)));
    const isOdd = !OF_KUBERNETES.test(key) && !isTolerated({ key, value, effect }, tolerations);
    if (signs.length === 0 && isOdd) unmapped.push(`taint ${key}:${effect}`);
  }
  findings.push(...keyed('node-label', marks.labels, catalogue));
  findings.push(...keyed('node-annotation', marks.annotations, catalogue));
  if (marks.isCordoned) {
    for (const row of catalogue.of('node-cordon')) {
      findings.push(findingFrom({ row, worth: row.worth }));
    }
  }
  return { findings, unmapped: unmapped.slice(0, MOST_UNMAPPED) };
}

/**
 * Devices that the plugin has withdrawn: capacity above allocatable above zero, one finding for
 * each. Allocatable zero is a plugin that stopped, or all of them at once, which is infrastructure
 * far more often than eight faults; it says nothing.
 */
export function allocatableFindings(
  devices: ReadonlyMap<string, DeviceCount>,
  catalogue: Catalogue,
): readonly Finding[] {
  const findings: Finding[] = [];
  for (const row of catalogue.of('node-allocatable')) {
    for (const [resource, { capacity, allocatable }] of devices) {
      const missing = allocatable === 0 ? 0 : capacity - allocatable;
      for (let ordinal = 1; ordinal <= missing; ordinal += 1) {
        findings.push({
          ...findingFrom({ row, worth: row.worth }, { resource, ordinal: String(ordinal) }),
          words: `${row.words} (${resource}: ${allocatable} of ${capacity} left)`,
        });
      }
    }
  }
  return findings;
}

/** What a pod's status says about the health of its devices (KEP-4680). */
export function deviceHealthFindings(
  deviceHealth: readonly DeviceHealth[],
  catalogue: Catalogue,
): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const row of catalogue.of('pod-device-health')) {
    for (const { resource, device: id, health } of deviceHealth) {
      if (!matches(row, { health, resource })) continue;
      const finding = findingFrom(
        { row, worth: row.worth, ...(id !== '' && { device: physicalDevice(id) }) },
        resource === undefined ? {} : { resource },
      );
      findings.set(finding.key, finding);
    }
  }
  return [...findings.values()];
}

/** One finding; `about` distinguishes it from others of its row on the same node. */
export function findingFrom(
  sign: Sign,
  about: { readonly resource?: string; readonly ordinal?: string } = {},
  sinceSeconds?: number,
): Finding {
  const { resource, ordinal } = about;
  const parts = [sign.row.name, resource, sign.device, sign.code, ordinal];
  return {
    ...sign,
    key: parts.filter((part) => part !== undefined).join('|'),
    ...(resource !== undefined && { resource }),
    ...(sinceSeconds !== undefined && { sinceSeconds }),
  };
}

/** Name of the row that a finding's key begins with. */
export function rowOfKey(key: string): string {
  const end = key.indexOf('|');
  return end < 0 ? key : key.slice(0, end);
}

/** Whether a finding's key is about a subject: it begins with the subject's. */
export function isAbout(key: string, subject: string): boolean {
  return key === subject || key.startsWith(`${subject}|`);
}

function keyed(
  source: 'node-label' | 'node-annotation',
  texts: Readonly<Record<string, string>>,
  catalogue: Catalogue,
): readonly Finding[] {
  if (catalogue.of(source).length === 0) return [];
  return Object.entries(texts).flatMap(([key, value]) => {
    const fields: Fields = { key, value };
    return signsIn(catalogue, source, fields)
      .filter(({ row }) => row.below === undefined || isBelow(value, texts[row.below]))
      .map((sign) =>
        // A mark that is written again is a new one, so its value is part of the key.
        sign.worth.class === 'verified-repair'
          ? findingFrom(sign, { ordinal: value.slice(0, 64) })
          : findingFrom(sign),
      );
  });
}

function isBelow(value: string, other: string | undefined): boolean {
  return other !== undefined && Number(value) < Number(other);
}

/** True when some row is about this type of condition, though not about its present status. */
interface Odd {
  readonly findings: readonly Finding[];
  readonly unmapped: readonly string[];
}

const NOTHING_ODD: Odd = { findings: [], unmapped: [] };

/**
 * What a condition says that no row finds anything in. A known type in the status that its row calls bad, for a reason
 * of the writer's next release, is listed and counts as degraded.
 */
function unlistedCondition(
  { type, status, reason, message }: NodeMarks['conditions'][number],
  catalogue: Catalogue,
  sinceSeconds: number | undefined,
): Odd {
  if (OF_KUBERNETES.test(type)) return NOTHING_ODD;
  const ofType = catalogue
    .candidates('node-condition', 'type', type)
    .filter(({ match }) => match.type !== undefined);
  if (ofType.length === 0) {
    const isOdd = !isGoodStatus(type, status, reason);
    return isOdd ? { findings: [], unmapped: [`condition ${type}=${status}`] } : NOTHING_ODD;
  }
  const row = ofType.find(({ match }) => match.status?.test(status) === true);
  if (row === undefined) return NOTHING_ODD;
  const why = reason === '' ? '' : `/${reason}`;
  const unmapped = [`condition ${type}=${status}${why.slice(0, LONGEST_REASON)}`];
  if (row.worth.class !== 'fatal' && row.worth.class !== 'degraded') {
    return { findings: [], unmapped };
  }
  const probability = Math.min(row.worth.probability, probabilityOf('degraded'));
  const worth = { ...row.worth, class: 'degraded' as const, probability };
  const sign = { row, worth };
  const words = `${type} is ${status} for a reason that no row lists: ${(reason || message).slice(0, LONGEST_REASON)}`;
  return {
    findings: [{ ...findingFrom(sign, { ordinal: 'unlisted' }, sinceSeconds), words }],
    unmapped,
  };
}
