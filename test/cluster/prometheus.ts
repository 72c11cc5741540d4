import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Bed } from './bed.ts';
import type { Child } from './child.ts';
import { freePorts } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { builtPrograms, type GoProgram } from './go-program.ts';
import type { UsedBed } from './use-bed.ts';

const RULES = join(import.meta.dirname, '../../manifests/components/prometheus/rules.yaml');
const PROMETHEUS: Omit<GoProgram, 'name' | 'package'> = {
  modFile: 'go-prometheus.mod',
  directory: 'prometheus',
  // What finds targets in clouds is not needed, and much to build.
  tags: 'remove_all_sd',
};
const PROGRAM: GoProgram = {
  ...PROMETHEUS,
  name: 'prometheus',
  package: 'github.com/prometheus/prometheus/cmd/prometheus',
};
/** Judges rules by what they make of series. */
export const PROMTOOL: GoProgram = {
  ...PROMETHEUS,
  name: 'promtool',
  package: 'github.com/prometheus/prometheus/cmd/promtool',
};

/** A minute of the alerts is a second here; in it Prometheus looks twice, as it does there. */
const INTERVAL = '500ms';
/** A watch that is well may say nothing for five minutes: there is no quicker clock for that. */
const SLOW_ALERTS: readonly string[] = ['SurefootWatchSilent'];

type Labels = Readonly<Record<string, string>>;

interface Alert {
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly state: 'pending' | 'firing';
}

/** The shipped alerts, evaluated by a real Prometheus on what our programs and the API server export. */
export interface Alerts {
  /** Waits until this alert fires, and gives its sentence. */
  fires(name: string): Promise<string>;
  /** For what this alert, as shipped, would speak up in so many seconds if nothing changed until then. */
  wouldFire(name: string, afterSeconds: number): Promise<readonly Labels[]>;
  /** Waits until this alert is silent again. */
  clears(name: string): Promise<unknown>;
  /** Waits until none fires. */
  fall(): Promise<void>;
  /** Looks at this admin address, too. */
  alsoScrape(address: string): Promise<void>;
}

/** Starts Prometheus before the tests of this file; no alert may fire before the first of them. */
export function useAlerts(used: UsedBed): Alerts {
  let prometheus: Prometheus | undefined;
  const running = () => {
    if (prometheus === undefined) throw new Error('the alerts are there only inside tests');
    return prometheus;
  };
  beforeAll(async () => {
    prometheus = await Prometheus.start(used);
    await prometheus.fall();
  });
  afterAll(() => prometheus?.stop());
  const found = async (name: string) =>
    (await running().firing()).find(({ labels }) => labels.alertname === name);
  return {
    async fires(name) {
      const alert = await eventually(`${name} to fire`, () => found(name), { timeoutSeconds: 90 });
      const { summary = '', description = '' } = alert.annotations;
      return `${summary} ${description}`;
    },
    clears: (name) =>
      eventually(`${name} to be silent`, async () => (await found(name)) === undefined, {
        timeoutSeconds: 60,
      }),
    wouldFire: (name, afterSeconds) => running().wouldFire(name, afterSeconds),
    fall: () => running().fall(),
    alsoScrape: (address) => running().scrape(address),
  };
}

/** Starts a real Prometheus with this configuration in a directory that is there. */
export async function runPrometheus(
  { plane }: Bed,
  directory: string,
  config: object,
  flags: readonly string[] = [],
): Promise<{ readonly child: Child; readonly url: string }> {
  const paths = await builtPrograms([PROGRAM], 'that asks for metrics; it takes about 2 min', {
    say: (line) => console.log(line),
  });
  const path = join(directory, 'prometheus.yaml');
  await writeFile(path, stringify(config));
  const [port = 0] = await freePorts(1);
  const child = plane.start('prometheus', paths.prometheus ?? '', [
    `--config.file=${path}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    ...flags,
  ]);
  return { child, url: `http://127.0.0.1:${port}` };
}

interface Sample {
  readonly metric: Labels;
  readonly value: readonly [number, string];
}

class Prometheus {
  readonly #child: Child;
  readonly #url: string;
  readonly #targetsPath: string;
  readonly #targets: string[];

  private constructor(child: Child, url: string, targetsPath: string, targets: readonly string[]) {
    this.#child = child;
    this.#url = url;
    this.#targetsPath = targetsPath;
    this.#targets = [...targets];
  }

  static async start({ bed }: UsedBed): Promise<Prometheus> {
    const directory = join(bed.directory, 'prometheus');
    await mkdir(directory);
    const targetsPath = join(directory, 'targets.json');
    const targets = bed.surefoot.adminAddresses;
    await writeFile(targetsPath, JSON.stringify([{ targets }]));
    await writeFile(join(directory, 'rules.yaml'), await quickRulesText());
    const apiServer = new URL(bed.admin.getCurrentCluster()?.server ?? '');
    const config = {
      global: {
        scrape_interval: INTERVAL,
        scrape_timeout: INTERVAL,
        evaluation_interval: INTERVAL,
      },
      rule_files: ['rules.yaml'],
      scrape_configs: [
        {
          job_name: 'surefoot',
          file_sd_configs: [{ files: ['targets.json'], refresh_interval: '1s' }],
        },
        {
          job_name: 'apiserver',
          scheme: 'https',
          authorization: { credentials: 'admin-token' },
          tls_config: { ca_file: join(bed.directory, 'ca.crt') },
          static_configs: [{ targets: [apiServer.host] }],
        },
      ],
    };
    // What is known now stands for what would be known in half an hour.
    const flags = ['--query.lookback-delta=30m'];
    const { child, url } = await runPrometheus(bed, directory, config, flags);
    const prometheus = new Prometheus(child, url, targetsPath, targets);
    await prometheus.#scrapesAll();
    return prometheus;
  }

  async firing(): Promise<readonly Alert[]> {
    const { alerts } = (await this.#get('/api/v1/alerts')) as { alerts: readonly Alert[] };
    return alerts.filter(({ state }) => state === 'firing');
  }

  async fall(): Promise<void> {
    await eventually(
      'no alert to fire',
      async () => {
        const firing = await this.firing();
        const names = firing.map(({ labels }) => labels.alertname);
        expect(names).toEqual([]);
        return true;
      },
      { timeoutSeconds: 60 },
    );
  }

  async wouldFire(name: string, afterSeconds: number): Promise<readonly Labels[]> {
    const { groups } = await shippedRules();
    const rule = groups.flatMap(({ rules }) => rules).find(({ alert }) => alert === name);
    const result = await this.#query(rule?.expr ?? '', Date.now() / 1000 + afterSeconds);
    return result.map(({ metric }) => metric);
  }

  async scrape(address: string): Promise<void> {
    this.#targets.push(address);
    await writeFile(this.#targetsPath, JSON.stringify([{ targets: this.#targets }]));
    await this.#scrapesAll();
  }

  async stop(): Promise<void> {
    await this.#child.stop('SIGKILL');
  }

  /** Until then an alert that is silent says nothing. */
  async #scrapesAll(): Promise<void> {
    const count = this.#targets.length + 1;
    await eventually(`${count} targets to be scraped, twice`, async () => {
      if (!this.#child.isRunning) {
        throw new Error(`it has ended:\n${await this.#child.lastWords()}`);
      }
      const [up] = await this.#query('count(count_over_time(up[1h]) >= 2 and up == 1)');
      return Number(up?.value[1]) === count;
    });
  }

  async #query(query: string, time = Date.now() / 1000): Promise<readonly Sample[]> {
    const { result } = (await this.#get(
      `/api/v1/query?${new URLSearchParams({ query, time: String(time) })}`,
    )) as { result: readonly Sample[] };
    return result;
  }

  async #get(path: string): Promise<unknown> {
    const answer = await fetch(this.#url + path);
    const { data } = (await answer.json()) as { data: unknown };
    return data;
  }
}

interface Rules {
  readonly groups: { rules: { readonly alert: string; expr: string; for?: string }[] }[];
}

async function shippedRules(): Promise<Rules> {
  return parse(await readFile(RULES, 'utf8')).spec;
}

/** The alerts as shipped, with a second in the place of each minute. */
async function quickRulesText(): Promise<string> {
  const spec = await shippedRules();
  for (const group of spec.groups) {
    group.rules = group.rules.filter(({ alert }) => !SLOW_ALERTS.includes(alert));
    for (const rule of group.rules) {
      if (rule.for !== undefined) rule.for = rule.for.replace(/m$/, 's');
      rule.expr = rule.expr.replace(/(\d+)m\b/g, '$1s');
    }
  }
  return stringify(spec);
}
