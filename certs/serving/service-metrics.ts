import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** A registry with what every program of ours exports: process figures and the build, for one cluster of several. */
export function serviceRegistry(program: string, cluster?: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  registry.setDefaultLabels({ program, ...(cluster !== undefined && { cluster }) });
  return registry;
}

/** Which configuration is in force, and whether a newer, broken one is being ignored. */
export function configurationMetrics(
  registry: Registry,
  current: () => {
    readonly fingerprint: string;
    readonly problems: readonly string[];
    readonly loadedAt: Date;
  },
): void {
  new Gauge({
    name: 'surefoot_configuration_loaded_timestamp_seconds',
    help: 'When the configuration in force was read, in seconds since 1970.',
    registers: [registry],
    collect() {
      this.set(current().loadedAt.getTime() / 1000);
    },
  });
  new Gauge({
    name: 'surefoot_configuration_info',
    help: 'Constant 1, labelled with the SHA-256 of the configuration in force.',
    labelNames: ['sha256'],
    registers: [registry],
    collect() {
      this.reset();
      this.set({ sha256: current().fingerprint }, 1);
    },
  });
  new Gauge({
    name: 'surefoot_configuration_broken',
    help: '1 while the files hold something broken and the last good configuration is kept.',
    registers: [registry],
    collect() {
      this.set(current().problems.length === 0 ? 0 : 1);
    },
  });
}

/** What a readiness check says of a reading that is broken while the last good one serves on. */
export function brokenReading({
  problems,
}: {
  readonly problems: readonly string[];
}): string | undefined {
  return problems.length === 0
    ? undefined
    : `the files hold something broken, so the last good reading serves on: ${problems.join('; ')}`;
}
