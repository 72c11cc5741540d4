import { Counter, type Registry } from 'prom-client';
import { readGauge } from '../../certs/serving/read-gauge.ts';
import type { Release } from './releases.ts';

/** What is counted of releases. */
export interface ReleaseMetrics {
  verdict(release: Release): void;
  judged(release: Release): void;
  /** A release did not come about, by the guard that spoke against it. */
  held(guard: string): void;
}

/** What is read when the metrics are. */
export interface ReleaseNow {
  readonly held: () => number;
  readonly isSuspended: () => boolean;
  readonly leads: () => boolean;
}

const KINDS: readonly Release['kind'][] = ['brokenDevice', 'crashLoop'];
const JUDGED: readonly NonNullable<Release['judged']>[] = ['right', 'wrong', 'unknown'];

export function releaseMetrics(registry: Registry, now: ReleaseNow): ReleaseMetrics {
  const registers = [registry];
  const verdicts = new Counter({
    name: 'surefoot_release_verdicts_total',
    help: 'Pods that would be better off elsewhere, by what they sat on and by what was done.',
    labelNames: ['kind', 'how'],
    registers,
  });
  const judged = new Counter({
    name: 'surefoot_release_judged_total',
    help: 'Verdicts by whether they were right, an hour later.',
    labelNames: ['kind', 'judged'],
    registers,
  });
  for (const kind of KINDS) for (const one of JUDGED) judged.inc({ kind, judged: one }, 0);
  const held = new Counter({
    name: 'surefoot_release_held_total',
    help: 'Pods that another guard than before speaks for.',
    labelNames: ['guard'],
    registers,
  });
  const gauge = (name: string, help: string, read: () => number) =>
    readGauge(registry, name, help, read);
  gauge('surefoot_release_held_pods', 'Pods that a guard keeps from being released.', now.held);
  gauge('surefoot_release_suspended', '1 while devices break on too many nodes at once.', () =>
    now.isSuspended() ? 1 : 0,
  );
  gauge('surefoot_release_leads', '1 on the replica that decides.', () => (now.leads() ? 1 : 0));
  return {
    verdict: ({ kind, how }) => verdicts.inc({ kind, how }),
    judged: ({ kind, judged: word = 'unknown' }) => judged.inc({ kind, judged: word }),
    held: (guard) => held.inc({ guard }),
  };
}
