import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { makeCertificates } from '../certs/make-once.ts';
import { DecisionRecord } from '../extender/decisions/record.ts';
import { eventually } from './cluster/eventually.ts';
import { directoryWith } from './fake/directory.ts';
import { servingPage } from './fake/page.ts';
import { Program } from './fake/program.ts';
import { makeForecast } from './make/forecast.ts';
import { makeIngest } from './make/ingest.ts';
import { makeKubeconfig } from './make/kubeconfig.ts';
import { makeReview } from './make/review.ts';
import { makeSnapshot } from './make/snapshot.ts';
import { sample } from './samples.ts';

const CONFIG = 'manifests/base/config';
const KUBECONFIG = makeKubeconfig('http://127.0.0.1:1');
const LOOPBACK = ['--listen=127.0.0.1:0', '--admin=127.0.0.1:0', '--drain=0'];

async function tlsDirectory(): Promise<string> {
  const tlsDir = await directoryWith();
  await makeCertificates({ tlsDir, hosts: ['localhost'], now: new Date() });
  return tlsDir;
}

async function configDirectory(): Promise<string> {
  const names = ['profiles.yaml', 'webhook.yaml', 'extender.yaml', 'surefoot.yaml'];
  const texts = await Promise.all(names.map((name) => readFile(join(CONFIG, name), 'utf8')));
  return directoryWith(Object.fromEntries(names.map((name, index) => [name, texts[index] ?? ''])));
}

/** Posts a review over TLS as the API server does: trusting the CA bundle and nothing else. */
async function review(
  port: number,
  tlsDir: string,
): Promise<{ patchType?: string; patch?: string; uid: string }> {
  const ca = await readFile(join(tlsDir, 'ca.crt'));
  return new Promise((resolve, reject) => {
    const call = request(
      {
        host: '127.0.0.1',
        servername: 'localhost',
        port,
        ca,
        path: '/mutate',
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        agent: false,
      },
      async (response) => {
        const chunks = await Array.fromAsync(response);
        resolve(JSON.parse(Buffer.concat(chunks).toString()).response);
      },
    );
    call.once('error', reject);
    call.end(JSON.stringify(makeReview()));
  });
}

describe('surefoot webhook', () => {
  test('serves over TLS, takes up a new configuration and a new pair, keeps the last good ones, ends with 0', async () => {
    const [config, tlsDir] = [await configDirectory(), await tlsDirectory()];
    const program = new Program([
      'webhook',
      `--config=${config}`,
      `--tls-dir=${tlsDir}`,
      ...LOOPBACK,
    ]);
    const { port, admin } = await program.serving();
    const metrics = async () => (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    expect((await review(port, tlsDir)).patchType).toBeUndefined();

    const installation = join(config, 'surefoot.yaml');
    const text = await readFile(installation, 'utf8');
    await writeFile(installation, text.replace('mode: observe', 'mode: act'));
    await eventually(
      'the new mode',
      async () => (await review(port, tlsDir)).patchType === 'JSONPatch',
    );

    await writeFile(join(config, 'webhook.yaml'), 'mode: [');
    await eventually('the broken file to be noticed', async () => {
      return sample(await metrics(), 'surefoot_configuration_broken') === 1;
    });
    expect((await review(port, tlsDir)).patchType).toBe('JSONPatch');

    const expiry = sample(await metrics(), 'surefoot_certificate_expiry_timestamp_seconds');
    await writeFile(join(tlsDir, 'tls.key'), 'broken');
    await makeCertificates({ tlsDir, hosts: ['localhost'], now: new Date() });
    await eventually('the new pair, with its new CA', () => review(port, tlsDir));
    expect(
      sample(await metrics(), 'surefoot_certificate_expiry_timestamp_seconds'),
    ).toBeGreaterThanOrEqual(expiry);
    expect(await (await fetch(`http://127.0.0.1:${admin}/readyz`)).text()).toBe(
      '[+]not-stopping ok\n[+]configuration ok, but the files hold something broken, so the last good reading serves on: webhook.yaml:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]\n[+]serving-pair ok\nready\n',
    );

    program.signal('SIGTERM');
    expect((await program.ended()).status).toBe(0);
  });
});

test('a configuration that is changed, broken and mended under load is answered by the old one or the new one, never by a mixture', async () => {
  // As a ConfigMap is mounted: both files change in one step, by a link.
  const profiles = (key: string, minimum: string) =>
    `apiVersion: config.surefoot.dev/v1alpha1\nkind: Profiles\nprofiles:\n  - name: ${key}\n    devices: [nvidia.com/gpu]\n    tolerations: [{ key: ${key}, effect: NoSchedule }]\n    grace: { minimum: ${minimum} }\n`;
  const webhook = (restricted: string) =>
    `apiVersion: config.surefoot.dev/v1alpha1\nkind: Webhook\nmode: act\ntolerationsRestrictedIn: [${restricted}]\n`;
  const [config, tlsDir] = [await configDirectory(), await tlsDirectory()];
  const mount = async (version: string, files: Readonly<Record<string, string>>) => {
    await mkdir(join(config, version));
    for (const [name, text] of Object.entries(files)) {
      await writeFile(join(config, version, name), text);
    }
    await symlink(version, join(config, '..next'));
    await rename(join(config, '..next'), join(config, '..data'));
  };
  await mount('..1', {
    'profiles.yaml': profiles('first', '60s'),
    'webhook.yaml': webhook('team-a'),
  });
  const program = new Program([
    'webhook',
    `--config=${config}`,
    `--tls-dir=${tlsDir}`,
    ...LOOPBACK,
  ]);
  const { port } = await program.serving();
  const seen = new Map<string, number>();
  let isOver = false;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const { patch } = await review(port, tlsDir);
      const [key = 'no toleration', grace] = injectedIn(patch);
      const what = `${key}, ${grace} s`;
      seen.set(what, (seen.get(what) ?? 0) + 1);
    }
  });
  const nextIs = (what: string) => eventually(what, () => (seen.get(what) ?? 0) > 20);
  await nextIs('no toleration, 60 s');
  await mount('..2', { 'profiles.yaml': 'profiles: [', 'webhook.yaml': webhook('') });
  await sleep(2500);
  await mount('..3', { 'profiles.yaml': profiles('second', '2m'), 'webhook.yaml': webhook('') });
  await nextIs('second, 120 s');
  isOver = true;
  await Promise.all(load);
  expect([...seen.keys()].sort()).toEqual(['no toleration, 60 s', 'second, 120 s']);
});

/** The toleration's key and the grace that a patch gives. */
function injectedIn(patch = ''): readonly unknown[] {
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as {
    path: string;
    value: { key?: string };
  }[];
  const at = (path: string) => operations.find((one) => one.path === path)?.value;
  return [at('/spec/tolerations/-')?.key, at('/spec/terminationGracePeriodSeconds')];
}

describe('a wrong call ends with status 2 and one sentence', () => {
  const rows: readonly {
    name: string;
    args: (config: string) => readonly string[];
    says: string | RegExp;
  }[] = [
    {
      name: 'no flags',
      args: () => ['webhook'],
      says: /^error: required option '--config <DIR>' not specified/,
    },
    {
      name: 'no such command',
      args: () => ['frobnicate'],
      says: /^error: unknown command 'frobnicate'/,
    },
    {
      name: 'no such configuration',
      args: () => ['webhook', '--config=/nowhere', '--tls-dir=/nowhere'],
      says: '/nowhere/profiles.yaml: cannot be read (ENOENT); --config names the directory that holds it, as manifests/base/config does\n',
    },
    {
      name: 'no pair',
      args: (config) => ['webhook', `--config=${config}`, '--tls-dir=/nowhere'],
      says: '/nowhere/tls.crt: cannot be read (ENOENT); make a pair with "surefoot certs --tls-dir /nowhere --host NAME"\n',
    },
    {
      name: 'an address without a port',
      args: (config) => [
        'webhook',
        `--config=${config}`,
        '--tls-dir=/nowhere',
        '--listen=localhost',
      ],
      says: '--listen: "localhost" is not an address; write ADDR:PORT, such as 127.0.0.1:9090, or :9443 for every address\n',
    },
    {
      name: 'a drain that is no number',
      args: (config) => ['webhook', `--config=${config}`, '--tls-dir=/nowhere', '--drain=soon'],
      says: '--drain: "soon" is not a number of seconds; write one such as 5\n',
    },
    {
      name: 'no such kubeconfig',
      args: (config) => ['extender', `--config=${config}`, '--kubeconfig=/nowhere'],
      says: '--kubeconfig: /nowhere cannot be read (ENOENT); name a kubeconfig file, or leave the flag out inside a cluster\n',
    },
    {
      name: 'a kubeconfig that is none',
      args: (config) => ['extender', `--config=${config}`, '--kubeconfig=package.json'],
      says: '--kubeconfig: package.json names no current cluster; give a kubeconfig with a current-context, or choose one with --context NAME\n',
    },
    {
      name: 'a kubeconfig that is no YAML',
      args: (config) => ['extender', `--config=${config}`, '--kubeconfig=biome.json/'],
      says: /^--kubeconfig: biome\.json\/ cannot be read \(ENOTDIR\)/,
    },
  ];
  test.each(rows)('$name', async ({ args, says }) => {
    const { status, errors } = await new Program(args(CONFIG)).ended();
    if (typeof says === 'string') expect(errors).toBe(says);
    else expect(errors).toMatch(says);
    expect(status).toBe(2);
  });

  test('a broken configuration, every problem with file, line and key', async () => {
    const config = await configDirectory();
    await writeFile(
      join(config, 'extender.yaml'),
      'apiVersion: config.surefoot.dev/v1alpha1\nkind: Extender\nmode: maybe\nhalving: soon\n',
    );
    const kubeconfig = join(config, 'kubeconfig');
    await writeFile(kubeconfig, KUBECONFIG);
    const args = ['extender', `--config=${config}`, `--kubeconfig=${kubeconfig}`];
    const { status, errors } = await new Program(args).ended();
    expect(status).toBe(2);
    expect(errors).toBe(
      [
        'extender.yaml:3: mode: expected "observe" (decide and record, change nothing) or "act"',
        'extender.yaml:4: halving: "soon" is not a duration; write a number with a unit, such as "90s", "2m" or "1h30m"',
        '',
      ].join('\n'),
    );
  });

  test.each([
    {
      flags: ['--client-ca=ca.crt'],
      says: '--client-ca: nobody shows a certificate without TLS; add --tls-dir DIR\n',
    },
    {
      flags: ['--client-name=me'],
      says: '--client-name: nobody is asked for a name; add --client-ca FILE\n',
    },
    ...['--gates=:0', '--gates-tls-dir=.'].map((flag) => ({
      flags: [flag],
      says: '--gates and --gates-tls-dir go together: the word is given over TLS only\n',
    })),
  ])('flags without what they need: $flags', async ({ flags, says }) => {
    const args = ['extender', `--config=${CONFIG}`, ...flags];
    const { status, errors } = await new Program(args).ended();
    expect({ status, errors }).toEqual({ status: 2, errors: says });
  });

  test('a context that the kubeconfig does not have', async () => {
    const directory = await directoryWith({ kubeconfig: KUBECONFIG });
    const args = ['extender', `--config=${CONFIG}`, `--kubeconfig=${directory}/kubeconfig`];
    const { status, errors } = await new Program([...args, '--context=prod']).ended();
    expect(status).toBe(2);
    expect(errors).toBe('--context: there is no "prod"; the kubeconfig has here\n');
  });
});

describe('the executable', () => {
  const EXECUTABLE = 'extender/commands/surefoot.ts';

  async function shell(script: string): Promise<string> {
    const { stdout, stderr } = await promisify(execFile)('bash', ['-c', script, EXECUTABLE], {
      env: { ...process.env, NODE: process.execPath },
    });
    return stdout + stderr;
  }

  test('says its version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await shell('"$NODE" $0 --version')).toBe(`${version}\n`);
  });

  test('is quiet when whoever reads has had enough', async () => {
    // 128 and the number of SIGPIPE, as of every program.
    expect(await shell('set -o pipefail; "$NODE" $0 --help | true; echo $?')).toBe('141\n');
  });
});

describe('imports', () => {
  /** Every module that starting this file evaluates. */
  async function evaluated(entry: string): Promise<string> {
    const script = `
      import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
      await import(${JSON.stringify(join(process.cwd(), entry))});
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { maxBuffer: 64 * 2 ** 20 },
    );
    return stdout;
  }

  test('the webhook never evaluates the Kubernetes client', async () => {
    const modules = await evaluated('webhook/main.ts');
    expect(modules).toContain('/webhook/admission/server.ts');
    expect(modules).not.toContain('@kubernetes/client-node');
  });

  test('the extender does, so the test above would notice', async () => {
    expect(await evaluated('extender/main.ts')).toContain('@kubernetes/client-node');
  });
});

test('what a tenant wrote reaches no terminal as it is: why escapes it', async () => {
  const decisions = new DecisionRecord();
  const unknownImages = { count: 1, one: 'registry.example/\u001b]0;owned\u0007x:1' };
  decisions.add({
    atSeconds: 0,
    pod: { uid: 'u', namespace: 'team-a', name: 'train-0' },
    mode: 'act',
    asked: 1,
    unknownNodes: 0,
    forecasts: [makeForecast({ candidate: { node: 'gpu-1', unknownImages } })],
    scores: [],
    remarks: [],
  });
  const snapshot = () => makeSnapshot(makeIngest(), { profiles: [] });
  const page = await servingPage({ decisions, snapshot });
  for (const output of ['table', 'json', 'yaml']) {
    const flags = ['why', 'train-0', '-n', 'team-a', `--page=${page}`, '-o', output];
    const { stdout } = await promisify(execFile)(process.execPath, [
      'extender/commands/surefoot.ts',
      ...flags,
    ]);
    expect(stdout).toContain('owned');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
  }
});
