import type { CatalogueRow } from '../signals/catalogue.ts';
import { type Finding, isAbout } from '../signals/finding.ts';
import { findingsOf, type Sample, subjectOf } from './samples.ts';
import type { PrometheusSettings } from './settings.ts';

/** What is known of the subjects of a row on one node: what was found about each, by its key; nothing where it is well. */
export type Measured = ReadonlyMap<string, readonly Finding[]>;

/** What a row was answered. */
export interface Answers {
  readonly bad: readonly Sample[];
  readonly well: readonly Sample[];
}

export interface Reading {
  readonly byNode: ReadonlyMap<string, Measured>;
  /** Keys that stand and were not heard of, by node, where others of their row and node were. */
  readonly missed: ReadonlyMap<string, readonly string[]>;
  /** Samples that were not heard: of no node, or without a device. */
  readonly unheard: number;
}

export interface ReadOptions extends Pick<PrometheusSettings, 'trusted'> {
  readonly isNode: (name: string) => boolean;
  /** By node: the keys of what stands there by its history. */
  readonly standing: ReadonlyMap<string, ReadonlySet<string>>;
}

/** More codes than one device has at once. */
const MOST_CODES = 8;

/** What the answers about a row say, node by node. Of what is well only what stands is told: the rest is no news. */
export function readAnswers(
  { bad, well }: Answers,
  row: CatalogueRow,
  options: ReadOptions,
): Reading {
  const byNode = new Map<string, Map<string, Map<string, Finding>>>();
  const heard = new Map<string, Set<string>>();
  let unheard = 0;
  const subjectIn = (sample: Sample) => {
    // Not a number is no value.
    if (sample.value === 'NaN') return undefined;
    const subject = subjectOf(sample, row, options);
    const isHeard = subject !== undefined && options.isNode(subject.node);
    if (!isHeard) unheard += 1;
    else heard.set(subject.node, (heard.get(subject.node) ?? new Set()).add(subject.key));
    return isHeard ? subject : undefined;
  };
  const of = (node: string, key: string) => {
    const subjects = byNode.get(node) ?? new Map<string, Map<string, Finding>>();
    byNode.set(node, subjects);
    const findings = subjects.get(key) ?? new Map<string, Finding>();
    subjects.set(key, findings);
    return findings;
  };
  for (const sample of well) {
    const subject = subjectIn(sample);
    if (subject === undefined) continue;
    const keys = [...(options.standing.get(subject.node) ?? [])];
    if (keys.some((key) => isAbout(key, subject.key))) of(subject.node, subject.key);
  }
  for (const sample of bad) {
    const subject = subjectIn(sample);
    if (subject === undefined) continue;
    const findings = of(subject.node, subject.key);
    for (const finding of findingsOf(sample, row, subject)) {
      if (findings.size < MOST_CODES) findings.set(finding.key, finding);
    }
  }
  const missed = [...options.standing].flatMap(([node, keys]) => {
    const subjects = [...(heard.get(node) ?? [])];
    if (subjects.length === 0) return [];
    const lost = [...keys].filter((key) => !subjects.some((subject) => isAbout(key, subject)));
    return lost.length === 0 ? [] : [[node, lost] as const];
  });
  return {
    byNode: new Map([...byNode].map(([node, subjects]) => [node, inLists(subjects)])),
    missed: new Map(missed),
    unheard,
  };
}

function inLists(subjects: ReadonlyMap<string, ReadonlyMap<string, Finding>>): Measured {
  return new Map([...subjects].map(([key, findings]) => [key, [...findings.values()]]));
}
