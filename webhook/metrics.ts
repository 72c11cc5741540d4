import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** How one admission request ended; `shed` is one that was never read. */
export type AdmissionResult =
  | 'injected'
  | 'observed'
  | 'declined'
  | 'malformed'
  | 'failed'
  | 'shed';

export type AnsweredResult = Exclude<AdmissionResult, 'shed'>;

const RESULTS: readonly AdmissionResult[] = [
  'injected',
  'observed',
  'declined',
  'malformed',
  'failed',
  'shed',
];

/** Counts and times admission requests. */
export interface AdmissionMetrics {
  /** Starts the clock; call what it returns once, with how it ended. */
  begin(): (result: AnsweredResult) => void;
  /** Counts a request that was turned away. */
  shed(): void;
  /** Shows how many requests are under way. */
  countInFlight(inFlight: () => number): void;
}

export function admissionMetrics(registry: Registry): AdmissionMetrics {
  const total = new Counter({
    name: 'surefoot_admission_requests_total',
    help: 'AdmissionReviews answered, by result.',
    labelNames: ['result'],
    registers: [registry],
  });
  for (const result of RESULTS) total.inc({ result }, 0);
  const duration = new Histogram({
    name: 'surefoot_admission_duration_seconds',
    help: 'Time from a whole body to its answer.',
    // The API server's own buckets start at 5 ms, where ours should have ended.
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25],
    registers: [registry],
  });
  return {
    begin() {
      const end = duration.startTimer();
      return (result) => {
        end();
        total.inc({ result });
      };
    },
    shed: () => total.inc({ result: 'shed' }),
    countInFlight(inFlight) {
      new Gauge({
        name: 'surefoot_admission_requests_in_flight',
        help: 'AdmissionReviews that are being read or answered.',
        registers: [registry],
        collect() {
          this.set(inFlight());
        },
      });
    },
  };
}
