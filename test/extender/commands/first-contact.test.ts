import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

const KUBECONFIG = (server: string) => `
apiVersion: v1
kind: Config
current-context: c
clusters: [{ name: c, cluster: { server: "${server}" } }]
users: [{ name: u, user: { token: t } }]
contexts: [{ name: c, context: { cluster: c, user: u } }]
`;

/** What a person sees who tries the commands before anything is set up; `{dir}` is the directory of these files. */
const FILES = {
  'down.yaml': KUBECONFIG('https://127.0.0.1:1'),
  'no-yaml.yaml': 'not: [yaml',
  'other.yaml': 'replicas: 3\n',
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
];
const COMMANDS = [
  ['why', 'web-0'],
  ['doctor'],
  ['forgive', 'gpu-1', '--reason', 'repaired'],
  ['leave'],
];

describe('the first contact', () => {
  const rows = COMMANDS.flatMap((args) =>
    CONFIGURATIONS.map((configuration) => ({ command: args[0], args, ...configuration })),
  );
  test.each(rows)(
    'surefoot $command with $name',
    async ({ args, file, says }) => {
      const directory = await directoryWith(FILES);
      const { KUBECONFIG: _none, ...environment } = process.env;
      const child = spawn(process.execPath, [EXECUTABLE, ...args], {
        env: {
          ...environment,
          HOME: directory,
          ...(file !== undefined && { KUBECONFIG: join(directory, file) }),
        },
        timeout: 20_000,
      });
      child.stdin.end();
      const [output, errors, [status]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      expect(`${output}${errors}`).toMatch(says);
      expect(`${output}${errors}`).not.toMatch(/skipTLSVerify|^\s+at /m);
      expect(status).toBeGreaterThan(0);
    },
    30_000,
  );
});

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
