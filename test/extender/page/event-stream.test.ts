import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { Response } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { EventMessage, EventStream } from '../../../extender/page/event-stream.ts';

/** Opens a stream, and gives both of its ends. */
async function watched(
  encoding: string | undefined,
): Promise<{ readonly stream: EventStream; readonly answer: IncomingMessage }> {
  const opened = Promise.withResolvers<EventStream>();
  const server = createServer((request, response) =>
    opened.resolve(new EventStream(request, response as Response)),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const headers = encoding === undefined ? {} : { 'Accept-Encoding': encoding };
  const answered = new Promise<IncomingMessage>((resolve) => {
    get({ port, host: '127.0.0.1', headers }, resolve);
  });
  const stream = await opened.promise;
  stream.send(new EventMessage({ n: 0 }));
  return { stream, answer: await answered };
}

const messages = Array.from({ length: 20 }, (_none, n) => ({ n, text: 'gpu-1 '.repeat(n * 100) }));
const EXPECTED = [{ n: 0 }, ...messages].map((one) => `data: ${JSON.stringify(one)}\n\n`).join('');

describe('EventStream', () => {
  test.each([
    { takes: 'gzip, deflate, br', gets: 'gzip' },
    { takes: 'gzip;q=0', gets: undefined },
    { takes: undefined, gets: undefined },
  ])('to whoever takes $takes it is sent as $gets, whole and in order', async ({ takes, gets }) => {
    const { stream, answer } = await watched(takes);
    for (const one of messages) stream.send(new EventMessage(one));
    stream.end();
    expect(answer.headers['content-encoding']).toBe(gets);
    const chunks = await Array.fromAsync(answer);
    const bytes = Buffer.concat(chunks);
    // It throws where the checksum or the length at the end is another one.
    expect((gets === 'gzip' ? gunzipSync(bytes) : bytes).toString()).toBe(EXPECTED);
  });

  test('a message is compressed once, for watchers that came at other times too', async () => {
    const [early, late] = await Promise.all([watched('gzip'), watched('gzip')]);
    early.stream.send(new EventMessage(messages[0] ?? {}));
    const shared = new EventMessage(messages[7] ?? {});
    expect(shared.block()).toBe(shared.block());
    for (const { stream } of [early, late]) {
      stream.send(shared);
      stream.end();
    }
    for (const { answer } of [early, late]) {
      expect(await text(answer.pipe(createGunzip()))).toContain(shared.bytes.toString());
    }
  });

  test('what was sent arrives before anything else is sent', async () => {
    const { stream, answer } = await watched('gzip');
    const seen = answer.pipe(createGunzip());
    let heard = '';
    const arrived = Promise.withResolvers<void>();
    seen.on('data', (bytes) => {
      heard += bytes;
      if (heard.endsWith('"last":true}\n\n')) arrived.resolve();
    });
    stream.send(new EventMessage({ last: true }));
    await arrived.promise;
    expect(stream.waitingBytes).toBe(0);
  });

  test('a watcher whose message cannot be compressed is let go, and nobody else', async () => {
    const [one, other] = await Promise.all([watched('gzip'), watched('gzip')]);
    const spoilt = new EventMessage({});
    spoilt.block = () => Promise.reject(new Error('no memory'));
    one.stream.send(spoilt);
    await expect.poll(() => one.stream.isClosed).toBe(true);
    expect(other.stream.isClosed).toBe(false);
  });

  test('counts what a watcher has not taken, before and after compression', async () => {
    const { stream } = await watched('gzip');
    const message = new EventMessage(messages[19] ?? {});
    stream.send(message);
    expect(stream.waitingBytes).toBeGreaterThanOrEqual(message.bytes.length);
    stream.destroy();
    expect(stream.isClosed).toBe(true);
    stream.send(message);
    stream.end();
  });
});
