import { Counter, Histogram, type Registry } from 'prom-client';
import { readGauge } from '../../certs/serving/read-gauge.ts';
import type { Lifted } from './lifter.ts';

/** What is counted of pods that wait at our gate. */
export interface GateMetrics {
  /** A gate was lifted after so many seconds. */
  lifted(how: Lifted, waitedSeconds: number): void;
  /** A nomination came to nothing and was taken back. */
  withdrawn(): void;
}

/** What is read when the metrics are. */
export interface GatesNow {
  /** Pods that wait at our gate. */
  readonly waiting: () => number;
  /** Of them the longest, in seconds. */
  readonly oldestSeconds: () => number;
  readonly heldDeviceSeconds: () => number;
  readonly canLift: () => boolean;
}

const HOW: readonly Lifted[] = ['home', 'elsewhere', 'overdue'];

export function gateMetrics(registry: Registry, now: GatesNow): GateMetrics {
  const registers = [registry];
  const waits = new Histogram({
    name: 'surefoot_gate_wait_seconds',
    help: 'How long pods waited at the scheduling gate, by how it ended.',
    labelNames: ['how'],
    buckets: [0.1, 0.5, 1, 5, 15, 30, 60, 120, 300],
    registers,
  });
  for (const how of HOW) waits.zero({ how });
  const withdrawn = new Counter({
    name: 'surefoot_nominations_withdrawn_total',
    help: 'Nominations that were taken back because they had not become a binding in time.',
    registers,
  });
  const gauge = (name: string, help: string, read: () => number) =>
    readGauge(registry, name, help, read);
  gauge('surefoot_gated_pods', 'Pods that wait at the scheduling gate.', now.waiting);
  gauge(
    'surefoot_gate_oldest_seconds',
    'How long the pod that has waited longest has waited.',
    now.oldestSeconds,
  );
  gauge('surefoot_can_lift_gates', '1 while this replica can lift gates.', () =>
    now.canLift() ? 1 : 0,
  );
  gauge(
    'surefoot_held_device_seconds',
    'Devices times seconds that nominations of waiting pods have kept from others, since the start.',
    now.heldDeviceSeconds,
  );
  return {
    lifted: (how, waitedSeconds) => waits.observe({ how }, waitedSeconds),
    withdrawn: () => withdrawn.inc(),
  };
}
