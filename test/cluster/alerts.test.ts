import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { builtPrograms } from './go-program.ts';
import { PROMTOOL } from './prometheus.ts';

/** The shipped alerts, each in the hands of promtool: when it fires, for what, and when it is silent. */

const RULES = join(import.meta.dirname, '../../manifests/components/prometheus/rules.yaml');

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly annotations: Readonly<Record<string, string>>;
    }[];
  }[];
}

interface AlertCase {
  readonly alert: string;
  readonly series: Readonly<Record<string, string>>;
  /** Time to the labels of each alert that fires then. */
  readonly at: Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>;
}

let promtool = '';
let cases: readonly AlertCase[] = [];
let rules: Rules = { groups: [] };

beforeAll(async () => {
  const built = await builtPrograms([PROMTOOL], 'that judges alerts; it takes about a minute', {
    say: (line) => console.log(line),
  });
  promtool = built.promtool ?? '';
  cases = parse(await readFile(join(import.meta.dirname, 'alerts.yaml'), 'utf8'));
  rules = parse(await readFile(RULES, 'utf8')).spec;
});

test('every alert has a case in which it fires, and a time at which it does not', () => {
  const names = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
  const told = (count: (length: number) => boolean) =>
    new Set(
      cases
        .filter(({ at }) => Object.values(at).some(({ length }) => count(length)))
        .map((one) => one.alert),
    );
  expect([...told((length) => length > 0)].sort()).toEqual(names.toSorted());
  expect([...told((length) => length === 0)].sort()).toEqual(names.toSorted());
});

test('promtool finds each of them as it should be', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-alerts-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  // What an alert says is read by a person elsewhere; here it is only left out.
  const bare = rules.groups.map((group) => ({
    ...group,
    rules: group.rules.map(({ annotations: _words, ...rule }) => rule),
  }));
  await writeFile(join(directory, 'rules.yaml'), stringify({ groups: bare }));
  await writeFile(
    join(directory, 'test.yaml'),
    stringify({
      rule_files: ['rules.yaml'],
      evaluation_interval: '1m',
      tests: cases.map(({ alert, series, at }) => ({
        name: alert,
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: Object.entries(at).map(([time, fires]) => ({
          eval_time: time,
          alertname: alert,
          exp_alerts: fires.map((exp_labels) => ({ exp_labels })),
        })),
      })),
    }),
  );
  const { stdout } = await promisify(execFile)(promtool, [
    'test',
    'rules',
    join(directory, 'test.yaml'),
  ]);
  expect(stdout).toContain('SUCCESS');
});
