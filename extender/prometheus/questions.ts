import type { Metric } from '../signals/catalogue.ts';
import type { PrometheusSettings } from './settings.ts';

type Trusted = PrometheusSettings['trusted'];

/** PromQL for all that a row calls bad now, of targets that are trusted. */
export function whatIsBad(metric: Metric, trusted: Trusted): string {
  return `(${badOf(metric)}) and ${anyOf(trusted)}`;
}

/**
 * PromQL for what is well on these nodes: a series that is absent says nothing. Well is what has a value at the same
 * moment that is not bad.
 */
export function whatIsWell(nodes: readonly string[], metric: Metric, trusted: Trusted): string {
  const onNodes = anyOf({ [metric.labels.node]: nodes });
  return `(${valuesOf(metric)} unless (${badOf(metric)})) and ${onNodes} and ${anyOf(trusted)}`;
}

/** On a line of its own, for a query may end in a comment. */
function valuesOf({ query }: Metric): string {
  return `(${query}\n)`;
}

function badOf(metric: Metric): string {
  return `${valuesOf(metric)} ${metric.bad}`;
}

/** Series that have one of these values in each of these labels. */
function anyOf(labels: Readonly<Record<string, readonly string[]>>): string {
  let vectors = ['vector(1)'];
  for (const [label, values] of Object.entries(labels)) {
    vectors = vectors.flatMap((vector) =>
      values.map((value) => `label_replace(${vector}, "${label}", "${value}", "", "")`),
    );
  }
  return `on (${Object.keys(labels).join(', ')}) (${vectors.join(' or ')})`;
}
