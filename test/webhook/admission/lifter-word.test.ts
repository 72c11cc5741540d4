import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeCertificates } from '../../../certs/make-once.ts';
import { startTlsServer } from '../../../certs/serving/tls-server.ts';
import { gatesApp } from '../../../extender/gates/server.ts';
import { LifterWord } from '../../../webhook/admission/lifter-word.ts';
import { eventually } from '../../cluster/eventually.ts';
import { directoryWith } from '../../fake/directory.ts';

const log = pino({ level: 'silent' });

/** An extender that gives its word over TLS, as the program does. */
async function extender(cannot: () => string | undefined, host = '127.0.0.1') {
  const tlsDir = await directoryWith();
  await makeCertificates({ tlsDir, hosts: [host], now: new Date() });
  const server = await startTlsServer({
    tlsDir,
    address: { host: '127.0.0.1', port: 0 },
    listener: gatesApp(cannot, () => new Date()),
    registry: new Registry(),
    log,
  });
  onTestFinished(() => server.stop(0));
  return { url: `https://127.0.0.1:${server.port}`, authorityPath: join(tlsDir, 'ca.crt'), server };
}

function hearing(options: { url: string; authorityPath: string }): LifterWord {
  const word = new LifterWord({ ...options, log });
  const running = word.run();
  onTestFinished(async () => {
    word.stop();
    await running;
  });
  return word;
}

const heard = (word: LifterWord, why: RegExp) =>
  eventually(`it to say ${why}`, async () => why.test(word.cannotLift() ?? 'it can'));

describe('the word of the lifter', () => {
  test('is good for ten seconds', async () => {
    let why: string | undefined;
    const word = hearing(await extender(() => why));
    expect(word.cannotLift()).toMatch(/has said yet/);
    await heard(word, /^it can$/);
    why = 'this replica does not lead';
    const nowMs = performance.now();
    expect(word.cannotLift(nowMs + 9000)).toBeUndefined();
    expect(word.cannotLift(nowMs + 13_000)).not.toBeUndefined();
  });

  test('says why nobody can', async () => {
    const word = hearing(await extender(() => 'no policy keeps our account from changing pods'));
    await heard(word, /no extender can lift its gate \(no policy keeps our account/);
  });

  test('is not believed from whom our CA has not signed for', async () => {
    const { url } = await extender(() => undefined);
    const { authorityPath } = await extender(() => undefined);
    const word = hearing({ url, authorityPath });
    await heard(word, /self-signed|unable to verify|signature/);
  });

  test('is not believed under another name', async () => {
    const word = hearing(await extender(() => undefined, 'another.example'));
    await heard(word, /does not match certificate/);
  });

  test('is not given where nobody listens, or no CA is there yet', async () => {
    const { url, authorityPath, server } = await extender(() => undefined);
    await server.stop(0);
    await heard(hearing({ url, authorityPath }), /ECONNREFUSED/);
    await heard(hearing({ url, authorityPath: '/nowhere/ca.crt' }), /ENOENT/);
  });

  test('is taken up once the CA is there', async () => {
    const { url, authorityPath } = await extender(() => undefined);
    const late = join(await directoryWith(), 'ca.crt');
    const word = hearing({ url, authorityPath: late });
    await heard(word, /ENOENT/);
    const { readFile } = await import('node:fs/promises');
    await writeFile(late, await readFile(authorityPath));
    await heard(word, /^it can$/);
  });

  test.each(['http://surefoot-gates:9093', 'surefoot-gates', ''])('%j is a wrong call', (url) => {
    expect(() => new LifterWord({ url, authorityPath: '', log })).toThrow(/no address over HTTPS/);
  });
});
