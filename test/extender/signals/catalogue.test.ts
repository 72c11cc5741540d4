import { describe, expect, test } from 'vitest';
import { type CustomObject, customFacts } from '../../../extender/facts/custom-objects.ts';
import { eventFacts } from '../../../extender/facts/events.ts';
import { type Node, nodeFacts } from '../../../extender/facts/nodes.ts';
import { podFacts } from '../../../extender/facts/pods.ts';
import { findingsOf, subjectOf } from '../../../extender/prometheus/samples.ts';
import { builtInCatalogue } from '../../../extender/signals/built-in-catalogue.ts';
import {
  type CatalogueRow,
  catalogueOf,
  parseCatalogue,
} from '../../../extender/signals/catalogue.ts';
import { allocatableFindings, deviceHealthFindings } from '../../../extender/signals/finding.ts';
import {
  containerSignals,
  podConditionSignals,
  rejectionSignals,
} from '../../../extender/signals/signal.ts';
import { DynamicResources } from '../../../extender/state/dynamic-resources.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU, makePodFacts } from '../../make/facts.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

type Example = Readonly<Record<string, unknown>>;

const onNode = (node: Node) =>
  nodeFacts(node, CATALOGUE, [makeProfile()]).findings.map(({ row }) => row.name);
const inPod = (status: object) => podFacts(makePod({ status }), [makeProfile()]);

/** Names of the rows that see an example where its source stands in the API, by our own readers. */
const REPLAY: Readonly<
  Record<CatalogueRow['source'], (example: Example, row: CatalogueRow) => readonly string[]>
> = {
  'node-condition': (condition) => onNode({ status: { conditions: [condition] } }),
  'node-event': (example) => {
    const { component, ...rest } = example as { component: string };
    const event = {
      ...rest,
      involvedObject: { kind: 'Node', name: 'gpu-1' },
      source: { component },
    };
    return eventFacts(event, CATALOGUE).signals.map(({ row }) => row);
  },
  'node-label': ({ key, value, other }, { below }) =>
    onNode({
      metadata: {
        labels: {
          [String(key)]: String(value),
          ...(below !== undefined && { [below]: String(other) }),
        },
      },
    }),
  'node-annotation': ({ key, value }) =>
    onNode({ metadata: { annotations: { [String(key)]: String(value) } } }),
  'node-taint': (taint) => onNode({ spec: { taints: [taint] } }),
  'node-cordon': () => onNode({ spec: { unschedulable: true } }),
  'node-allocatable': (count) =>
    allocatableFindings(
      new Map([[GPU, count as { capacity: number; allocatable: number }]]),
      CATALOGUE,
    ).map(({ row }) => row.name),
  // A boot has no text: whole stories of it are in memory.test.ts.
  'node-boot': (_example, row) => [row.name],
  'pod-device-health': ({ resource, health }) => {
    const resources = [{ resourceID: 'GPU-0', health: String(health) }];
    const allocatedResourcesStatus = [{ name: String(resource), resources }];
    const { deviceHealth } = inPod({
      containerStatuses: [{ name: 'main', allocatedResourcesStatus }],
    });
    return deviceHealthFindings(deviceHealth, CATALOGUE).map(({ row }) => row.name);
  },
  'pod-rejected': (status) =>
    rejectionSignals(inPod({ phase: 'Failed', ...status }), CATALOGUE, 0).map(({ row }) => row),
  'pod-condition': (condition) =>
    podConditionSignals(inPod({ conditions: [condition] }), CATALOGUE, 0).map(({ row }) => row),
  'pod-exit': ({ container, ...terminated }) => {
    const initContainerStatuses = [{ name: String(container), state: { terminated } }];
    return containerSignals(inPod({ initContainerStatuses }), CATALOGUE, 0).map(({ row }) => row);
  },
  'pod-waiting': (waiting) => {
    const containerStatuses = [{ name: 'main', state: { waiting } }];
    return containerSignals(inPod({ containerStatuses }), CATALOGUE, 0).map(({ row }) => row);
  },
  'device-taint': ({ driver, ...taint }) =>
    onDevice((devices) => devices.setSlice(slice(String(driver), [taint])), String(driver)),
  'device-taint-rule': ({ driver, ...taint }) =>
    onDevice((devices) => {
      devices.setRule({
        metadata: { uid: 'r' },
        spec: { deviceSelector: { driver: String(driver) }, taint },
      });
    }, String(driver)),
  'claim-condition': ({ driver, ...condition }) =>
    onDevice((devices) => {
      const device = { driver: String(driver), pool: 'p', device: 'd', conditions: [condition] };
      devices.setClaim({ metadata: { uid: 'c' }, status: { devices: [device] } });
    }, String(driver)),
  'custom-object': ({ plural, ...object }, { object: kind }) => {
    const { group = '', version = '' } = kind ?? {};
    const { node, findings } = customFacts(
      object as CustomObject,
      { group, version, plural: String(plural) },
      CATALOGUE,
    );
    expect(node).toBe('gpu-7');
    return findings.map(({ row }) => row.name);
  },
  prometheus: ({ value, ...labels }, row) => {
    const sample = { labels: labels as Readonly<Record<string, string>>, value: String(value) };
    const subject = subjectOf(sample, row, { trusted: {} });
    expect(subject?.node).toBe('gpu-1');
    return subject === undefined ? [] : findingsOf(sample, row, subject).map((one) => one.row.name);
  },
};

function slice(driver: string, taints: readonly object[]) {
  const devices = [{ name: 'd', taints }];
  return {
    metadata: { uid: 's' },
    spec: { driver, nodeName: 'gpu-1', pool: { name: 'p' }, devices },
  };
}

function onDevice(say: (devices: DynamicResources) => void, driver: string): readonly string[] {
  const devices = new DynamicResources();
  devices.setSlice(slice(driver, []));
  say(devices);
  return devices.findings('gpu-1', CATALOGUE).map(({ row }) => row.name);
}

describe('each row of the catalogue, proven by its example', () => {
  test.each(CATALOGUE.rows.map((row) => ({ name: row.name, row })))('$name', ({ name, row }) => {
    expect(row.cites).not.toBe('');
    expect(row.example, 'every row of ours has an example').toBeDefined();
    // An example with several entries shows several signs of its one row.
    expect([...new Set(REPLAY[row.source](row.example ?? {}, row))]).toEqual([name]);
  });

  test('every source has a row, and every row a name of its own', () => {
    expect(new Set(CATALOGUE.rows.map(({ source }) => source)).size).toBe(
      Object.keys(REPLAY).length,
    );
    const { rows } = builtInCatalogue();
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });
});

describe('rows that users add', () => {
  const added = (text: string) => {
    const parsed = parseCatalogue('extender.yaml', text);
    if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
    return catalogueOf(builtInCatalogue(), parsed.value);
  };
  const ROW = `rows:
  - name: my-check
    source: node-condition
    trust: platform
    match: { type: MySickGpu, status: "True" }
    class: fatal
    words: my check has failed
    cites: our wiki
`;

  test('a new row sees what it is about', () => {
    const node = { status: { conditions: [{ type: 'MySickGpu', status: 'True' }] } };
    const { findings, unmapped } = nodeFacts(node, added(ROW), [makeProfile()]);
    expect(findings.map(({ row, worth }) => [row.name, worth.probability])).toEqual([
      ['my-check', 0.9],
    ]);
    expect(unmapped).toEqual([]);
    expect(nodeFacts(node, CATALOGUE, [makeProfile()]).unmapped).toEqual([
      'condition MySickGpu=True',
    ]);
  });

  test('a row of a name of ours takes its place, and so does a code', () => {
    const ours = added(
      `${ROW.replace('my-check', 'aks-gpu-missing')}codes: { xid: { "79": { class: none, words: quiet } } }\n`,
    );
    expect(ours.rows).toHaveLength(CATALOGUE.rows.length);
    expect(
      ours
        .of('node-condition')
        .find(({ name }) => name === 'aks-gpu-missing')
        ?.match.type?.test('MySickGpu'),
    ).toBe(true);
    expect(ours.rows.find(({ name }) => name === 'gke-xid')?.codes.get('79')?.class).toBe('none');
    expect(ours.rows.find(({ name }) => name === 'gke-xid')?.codes.get('48')?.class).toBe('fatal');
  });

  test('a site’s own exit code is evidence once the row is there', () => {
    const exit = `rows:\n  - { name: site-exit, source: pod-exit, trust: forgeable, match: { exitCode: "86" }, class: degraded, words: our checker, cites: ours }\n`;
    const pod = makePodFacts({
      containers: [{ container: 'main', isWaiting: false, exitCode: 86 }],
    });
    expect(containerSignals(pod, added(exit), 0).map(({ row }) => row)).toEqual(['site-exit']);
  });

  test.each([
    ['trust: forgeable', 'trust: this source is written by the platform; write trust: platform'],
    [
      'class: deadly',
      'class: Invalid option: expected one of "fatal"|"degraded"|"infrastructure"|"application"|"planned"|"announced"|"remediation"|"verified-repair"|"none"',
    ],
    [
      'match: { type: "(" }',
      'match.type: not a regular expression: Invalid regular expression: /^(?:()$/s: Unterminated group',
    ],
    [
      'match: {}',
      'match: it matches everything; name at least one of type, status, reason, message',
    ],
    ['standsFor: 5', 'standsFor: expected a duration such as "90s", "2m" or "1h30m"'],
    ['probability: 2', 'probability: Too big: expected number to be <=1'],
  ])('%s is explained', (line, problem) => {
    const key = line.slice(0, line.indexOf(':'));
    const text = ROW.split('\n')
      .filter((one) => !one.trimStart().startsWith(`${key}:`))
      .join('\n');
    const parsed = parseCatalogue('extender.yaml', `${text}    ${line}\n`);
    expect(
      parsed.ok
        ? []
        : parsed.problems.map((one) => one.replace(/^extender\.yaml:\d+: rows\[0\]\./, '')),
    ).toEqual([problem]);
  });

  test('an Event cannot be made a witness of the platform', () => {
    const text =
      'rows:\n  - { name: my-event, source: node-event, trust: platform, match: { reason: X }, class: fatal, words: w, cites: c }\n';
    const parsed = parseCatalogue('extender.yaml', text);
    expect(parsed.ok ? '' : parsed.problems.join()).toContain(
      'tenants can write this source, so it can only corroborate; write trust: forgeable',
    );
  });
});
