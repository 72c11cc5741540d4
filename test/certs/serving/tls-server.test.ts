import { readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../../certs/make-once.ts';
import { startTlsServer } from '../../../certs/serving/tls-server.ts';
import { eventually } from '../../cluster/eventually.ts';
import { directoryWith } from '../../fake/directory.ts';
import { ClientAuthority } from '../../make/client-pairs.ts';

const SCHEDULER = 'system:kube-scheduler';

/** A server for clients with a certificate of this file's authority only, and how to call it. */
async function serving(authorityPath: string) {
  const tlsDir = await directoryWith();
  await makeCertificates({ tlsDir, hosts: ['localhost'], now: new Date() });
  const lines: { readonly level: number; readonly msg: string; readonly name?: string }[] = [];
  const server = await startTlsServer({
    tlsDir,
    clients: { authorityPath, name: SCHEDULER },
    address: { host: '127.0.0.1', port: 0 },
    listener: (_request, response) => void response.end('ok'),
    registry: new Registry(),
    log: pino({}, { write: (line) => void lines.push(JSON.parse(line)) }),
  });
  onTestFinished(() => server.stop(0));
  const ca = await readFile(join(tlsDir, 'ca.crt'), 'utf8');
  const call = (pair: { readonly cert?: string; readonly key?: string }) =>
    new Promise<string>((resolve, reject) => {
      const options = { host: '127.0.0.1', servername: 'localhost', port: server.port, ca };
      request({ ...options, ...pair, agent: false }, async (response) => {
        resolve(Buffer.concat(await Array.fromAsync(response)).toString());
      })
        .once('error', reject)
        .end();
    });
  return { call, lines };
}

describe('clients that must show a certificate', () => {
  test('the scheduler is let in', async () => {
    const authority = await ClientAuthority.make();
    const { call } = await serving(authority.path);
    expect(await call(await authority.pairOf(SCHEDULER))).toBe('ok');
  });

  test('whoever shows none is not', async () => {
    const authority = await ClientAuthority.make();
    const { call } = await serving(authority.path);
    await expect(call({})).rejects.toThrow(/certificate required|ECONNRESET|socket/);
  });

  test('nor one that another authority has signed', async () => {
    const authority = await ClientAuthority.make();
    const { call } = await serving(authority.path);
    const other = await ClientAuthority.make();
    await expect(call(await other.pairOf(SCHEDULER))).rejects.toThrow();
  });

  test('nor another of the cluster’s accounts, and that is said', async () => {
    const authority = await ClientAuthority.make();
    const { call, lines } = await serving(authority.path);
    await expect(call(await authority.pairOf('system:node:gpu-1'))).rejects.toThrow();
    expect(lines.find(({ name }) => name === 'system:node:gpu-1')?.msg).toBe(
      'turned away: only system:kube-scheduler is let in (--client-name)',
    );
  });

  test('a new authority is taken up while it serves', async () => {
    const [before, after] = [await ClientAuthority.make(), await ClientAuthority.make()];
    const path = join(await directoryWith(), 'ca.crt');
    await writeFile(path, await readFile(before.path));
    const { call } = await serving(path);
    await writeFile(path, await readFile(after.path));
    const pair = await after.pairOf(SCHEDULER);
    await eventually('the new one', () => call(pair).catch(() => undefined));
    await expect(call(await before.pairOf(SCHEDULER))).rejects.toThrow();
  });

  test('a file without a certificate, or none, ends the start with a sentence', async () => {
    const directory = await directoryWith({ 'ca.crt': 'none' });
    await expect(serving(join(directory, 'ca.crt'))).rejects.toThrow(
      /--client-ca: .*ca\.crt holds no PEM certificate/,
    );
    await expect(serving(join(directory, 'absent'))).rejects.toThrow(
      /--client-ca: .*absent cannot be read \(ENOENT\)/,
    );
  });
});
