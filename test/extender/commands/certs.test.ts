import { spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { directoryWith } from '../../fake/directory.ts';

const EXECUTABLE = join(import.meta.dirname, '../../../extender/commands/surefoot.ts');

async function certs(...args: readonly string[]) {
  const child = spawn(process.execPath, [EXECUTABLE, 'certs', ...args]);
  const [output, errors, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { output, errors, status };
}

describe('surefoot certs --tls-dir', () => {
  test('says until when the pair serves, prints the caBundle, and replaces nothing unless told', async () => {
    const directory = await directoryWith({});
    const call = ['--tls-dir', directory, '--host', 'localhost', '127.0.0.1', '*.example.com'];
    const first = await certs(...call);
    const authority = await readFile(join(directory, 'ca.crt'), 'utf8');
    const pair = new X509Certificate(await readFile(join(directory, 'tls.crt')));
    expect(first.status).toBe(0);
    expect(first.errors).toContain(
      `they serve until ${pair.validToDate.toISOString().slice(0, 10)} and nothing renews them`,
    );
    expect(Buffer.from(first.output, 'base64').toString()).toBe(authority);

    const second = await certs(...call);
    expect(second).toMatchObject({ output: '', status: 2 });
    expect(second.errors).toContain(`--tls-dir: ${directory} has a ca.crt already`);
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).toBe(authority);

    expect((await certs(...call, '--force')).status).toBe(0);
    expect(await readFile(join(directory, 'ca.crt'), 'utf8')).not.toBe(authority);
  });

  test.each(['bad host!', '-a.example', 'a..b', 'https://a', ''])(
    'refuses the host "%s"',
    async (host) => {
      const directory = await directoryWith({});
      const { errors, status } = await certs('--tls-dir', directory, `--host=${host}`);
      expect(errors).toContain(`--host: ${JSON.stringify(host)} is no DNS name and no IP address`);
      expect(status).toBe(2);
    },
  );
});
