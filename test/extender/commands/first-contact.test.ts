import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';
import { listening } from '../../fake/listening.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

const KUBECONFIG = (server: string, more = '') => `
apiVersion: v1
kind: Config
current-context: c
clusters: [{ name: c, cluster: { server: "${server}"${more} } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
`;

/** What a person sees who tries the commands before anything is set up; `{dir}` is the directory of these files. */
const FILES = {
  'down.yaml': KUBECONFIG('https://127.0.0.1:1'),
  'no-yaml.yaml': 'not: [yaml',
  'other.yaml': 'replicas: 3\n',
  'plain.yaml': KUBECONFIG('http://127.0.0.1:1'),
};
const CONFIGURATIONS: readonly { name: string; file?: string; says: RegExp }[] = [
  {
    name: 'no kubeconfig',
    says: /^no cluster is configured: KUBECONFIG is not set, .* name a kubeconfig with --kubeconfig FILE\n$/,
  },
  {
    name: 'a kubeconfig that is not there',
    file: 'gone.yaml',
    says: /^KUBECONFIG names \S+gone\.yaml, which cannot be read \(ENOENT\); name a kubeconfig with --kubeconfig FILE, or set KUBECONFIG\n$/,
  },
  {
    name: 'a kubeconfig that is no YAML',
    file: 'no-yaml.yaml',
    says: /^KUBECONFIG names \S+no-yaml\.yaml, which is not a kubeconfig: /,
  },
  {
    name: 'a file that is no kubeconfig',
    file: 'other.yaml',
    says: /^KUBECONFIG names \S+other\.yaml, which is not a kubeconfig|names no current cluster; give a kubeconfig with a current-context/,
  },
  {
    name: 'an API server that is down',
    file: 'down.yaml',
    says: /the API server at (https:\/\/)?127\.0\.0\.1:1 does not answer \(.*ECONNREFUSED.*\); check --kubeconfig and the network/,
  },
  {
    name: 'an API server without TLS',
    file: 'plain.yaml',
    says: /^--kubeconfig: the cluster c is at http:\/\/127\.0\.0\.1:1, without TLS; give it an https:\/\/ address, /,
  },
];
const COMMANDS = [
  ['why', 'web-0'],
  ['doctor'],
  ['forgive', 'gpu-1', '--reason', 'repaired'],
  ['leave'],
  ['status'],
  ['nodes'],
  ['node', 'gpu-1'],
  ['incidents'],
  ['mode'],
  ['page'],
  ['report'],
  ['warranty', 'gpu-1'],
  ['drain-order'],
];

describe('the first contact', () => {
  // They all read it in the same place: one command shows all of it, the others that they do.
  const rows = COMMANDS.flatMap((args) =>
    CONFIGURATIONS.filter(
      ({ name }) => args[0] === 'doctor' || name === 'no kubeconfig' || name.endsWith('is down'),
    ).map((configuration) => ({ command: args[0], args, ...configuration })),
  );
  test.each(rows)(
    'surefoot $command with $name',
    async ({ args, file, says }) => {
      const { said, status } = await run(args, FILES, file);
      expect(said).toMatch(says);
      expect(said).not.toMatch(/skipTLSVerify|^\s+at /m);
      expect(status).toBeGreaterThan(0);
    },
    30_000,
  );
});

/** Where nothing of ours is installed, and where the caller may do nothing. */
const ANSWERS: readonly {
  name: string;
  mayAsk: boolean;
  says: Readonly<Record<string, RegExp>>;
}[] = [
  {
    name: 'nothing installed',
    mayAsk: true,
    says: {
      why: /^no extender runs in surefoot-system of http:\S+; say where Surefoot is with --system-namespace, /,
      doctor: /programs +none of our programs is installed\n +-> apply the manifests: /,
      forgive:
        /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      leave:
        /^the registration mutatingwebhookconfiguration\/zz-surefoot is gone already\nNothing waits for us any more/,
      status:
        /^Surefoot is not well: \d+ things to mend\n {2}no extender answers -> surefoot doctor /,
      nodes:
        /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      node: /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      incidents:
        /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      report:
        /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      warranty:
        /^the kind DeviceHistory is not defined, so nothing is remembered; apply the manifests: /,
      mode: /^there is no ConfigMap surefoot in surefoot-system; say where Surefoot is with /,
      page: /^no extender runs in surefoot-system; say where Surefoot is with --system-namespace, /,
      'drain-order':
        /^no extender runs in surefoot-system of http:\S+; say where Surefoot is with --system-namespace, /,
    },
  },
  {
    name: 'no rights',
    mayAsk: false,
    says: Object.fromEntries(
      COMMANDS.map(([command = '']) => [
        command,
        /^\S+ is forbidden to you; ask as somebody who may, such as with --context\n$/,
      ]),
    ),
  },
];

test.each(
  ANSWERS.flatMap(({ says, ...answers }) =>
    COMMANDS.map((args) => ({ command: args[0], args, says: says[args[0] ?? ''], ...answers })),
  ),
)(
  'surefoot $command with $name',
  async ({ command, args, mayAsk, says = /^$/ }) => {
    const server = await emptyApiServer(mayAsk);
    const files = { 'cluster.yaml': KUBECONFIG(server, ', insecure-skip-tls-verify: true') };
    const { said, status } = await run(args, files, 'cluster.yaml');
    expect(said).toMatch(says);
    expect(status).toBe(command === 'leave' && mayAsk ? 0 : 1);
  },
  30_000,
);

/** An API server that has built-in kinds and no object, or refuses everything. Gives its address. */
async function emptyApiServer(mayAsk: boolean): Promise<string> {
  return listening(({ url = '/' }, response) => {
    const { pathname } = new URL(url, 'http://localhost');
    const kind = pathname.split('/').at(-1) ?? '';
    const isServed = mayAsk && KINDS.includes(kind);
    const status = isServed ? 200 : mayAsk ? 404 : 403;
    const message = mayAsk ? `${pathname} is not there` : `${pathname} is forbidden to you`;
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(
      JSON.stringify(
        isServed
          ? { gitVersion: 'v1.37.2', metadata: { resourceVersion: '1' }, items: [] }
          : { kind: 'Status', message },
      ),
    );
  });
}

const KINDS = [
  'version',
  'pods',
  'nodes',
  'namespaces',
  'deployments',
  'statefulsets',
  'daemonsets',
].concat(['jobs', 'cronjobs', 'leases']);

/** Runs the command as a process, with nothing of this user's. */
async function run(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
  kubeconfig?: string,
): Promise<{ readonly said: string; readonly status: number }> {
  const directory = await directoryWith(files);
  const { KUBECONFIG: _none, ...environment } = process.env;
  const child = spawn(process.execPath, [EXECUTABLE, ...args], {
    env: {
      ...environment,
      HOME: directory,
      ...(kubeconfig !== undefined && { KUBECONFIG: join(directory, kubeconfig) }),
    },
    timeout: 20_000,
  });
  child.stdin.end();
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { said: `${output}${errors}`, status };
}

test('an extender whose API server is down ends when it is told to', async () => {
  const directory = await directoryWith(FILES);
  const anywhere = ['listen', 'admin', 'page'].map((door) => `--${door}=127.0.0.1:0`);
  const child = spawn(process.execPath, [
    ...[EXECUTABLE, 'extender', '--config=manifests/base/config', ...anywhere],
    `--kubeconfig=${join(directory, 'down.yaml')}`,
  ]);
  const output: string[] = [];
  let isTold = false;
  child.stdout.on('data', (chunk) => {
    output.push(String(chunk));
    const tries = output.join('').split('starting again').length - 1;
    // Once: a second signal ends it at once.
    if (tries > 1 && !isTold) isTold = child.kill('SIGTERM');
  });
  const [status] = await once(child, 'exit');
  expect(output.join('')).toContain('"msg":"stopped"');
  expect(status).toBe(0);
}, 60_000);
