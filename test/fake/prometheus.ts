import { NoAnswer } from '../../extender/prometheus/client.ts';
import type { Sample } from '../../extender/prometheus/samples.ts';

/** Series by the expression that has them; answers the two kinds of questions that are asked. */
export class FakePrometheus {
  readonly #series = new Map<string, readonly Sample[]>();
  readonly asked: string[] = [];
  isAway = false;

  set(expression: string, samples: readonly Sample[]): void {
    this.#series.set(expression, samples);
  }

  readonly ask = async (_settings: unknown, query: string): Promise<readonly Sample[]> => {
    if (this.isAway) throw new NoAnswer('Prometheus does not answer', true);
    this.asked.push(query);
    const expression = /\((\w+)\n\)/.exec(query)?.[1] ?? '';
    const above = Number(/> (\d+)/.exec(query)?.[1]);
    const asksWell = query.includes(' unless ');
    const allowed = new Map<string, Set<string>>();
    for (const [, label = '', value = ''] of query.matchAll(/"(\w+)", "([^"]+)", "", ""/g)) {
      allowed.set(label, (allowed.get(label) ?? new Set()).add(value));
    }
    return (this.#series.get(expression) ?? []).filter(
      ({ labels, value }) =>
        Number(value) > above !== asksWell &&
        [...allowed].every(([label, values]) => values.has(labels[label] ?? '')),
    );
  };
}
