import { readFile } from 'node:fs/promises';
import { type MetricObject, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { certsMetrics } from '../certs/main.ts';
import { configurationMetrics } from '../certs/serving/service-metrics.ts';
import { gateMetrics } from '../extender/gates/metrics.ts';
import { extenderMetrics } from '../extender/metrics.ts';
import { releaseMetrics } from '../extender/release/metrics.ts';
import { admissionMetrics } from '../webhook/metrics.ts';

/** All metrics of a program, as its own code makes them. */
const PROGRAMS: Readonly<Record<string, (registry: Registry) => void>> = {
  webhook(registry) {
    admissionMetrics(registry).countInFlight(none);
  },
  extender(registry) {
    const metrics = extenderMetrics(registry);
    metrics.countHistory({ isLeader: () => true, unwritten: none, unmapped: none });
    metrics.countUnmarked(none);
    metrics.countUnprepared(none);
    metrics.countPastGrace(none);
    metrics.watch('nodes');
    const gates = { waiting: none, oldestSeconds: none, heldDeviceSeconds: none };
    gateMetrics(registry, { ...gates, canLift: () => true });
  },
  release: (registry) =>
    void releaseMetrics(registry, { held: none, isSuspended: () => false, leads: () => true }),
  certs: (registry) => certsMetrics(registry, () => undefined),
};

function none(): number {
  return 0;
}

type Described = MetricObject & { readonly labelNames?: readonly string[] };

function tableOf(program: string, make: (registry: Registry) => void): string {
  const registry = new Registry();
  make(registry);
  if (program !== 'certs') {
    configurationMetrics(registry, () => ({ fingerprint: '', problems: [], loadedAt: new Date() }));
  }
  const rows = (registry.getMetricsAsArray() as unknown as Described[])
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ name, type, help, labelNames = [] }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ') || '-';
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
    });
  return [
    `## ${program}`,
    '',
    '| metric | type | labels | what it is |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const HEAD = `# Metrics

What each program shows at \`/metrics\` of its admin port, beside the usual figures of a process and
\`surefoot_certificate_expiry_timestamp_seconds\` where it serves with a certificate. A test makes this page from the code.
Alerts that go by them are in \`manifests/components/prometheus/rules.yaml\`, and what to do about each in the
[runbook](runbook.md).
`;

describe('what whoever is on call reads', () => {
  test('the page of metrics is what the code has', async () => {
    const tables = Object.entries(PROGRAMS).map(([program, make]) => tableOf(program, make));
    await expect(
      `${[HEAD, ...tables].join('\n\n').replace('\n\n\n', '\n\n')}\n`,
    ).toMatchFileSnapshot('../docs/metrics.md');
  });

  test('each alert has a section in the runbook, and names it', async () => {
    const rules = parse(await readFile('manifests/components/prometheus/rules.yaml', 'utf8'));
    const alerts: { alert: string; annotations: { runbook: string } }[] = rules.spec.groups.flatMap(
      ({ rules }: { rules: object[] }) => rules,
    );
    const runbook = await readFile('docs/runbook.md', 'utf8');
    const sections = [...runbook.matchAll(/^## (\w+)$/gm)].map(([, name]) => name);
    expect(sections).toEqual(alerts.map(({ alert }) => alert));
    for (const { alert, annotations } of alerts) {
      expect(annotations.runbook).toBe(`docs/runbook.md#${alert.toLowerCase()}`);
    }
    for (const part of runbook.split(/^## /m).slice(1)) {
      expect(part).toMatch(/\*\*Means\*\*:[\s\S]*\*\*Look\s+at\*\*:[\s\S]*\*\*Do\*\*:/);
    }
  });
});
