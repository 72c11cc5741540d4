import { request } from 'node:http';
import express from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Bound, type BoundOptions } from '../../../certs/serving/bound.ts';
import { eventually } from '../../cluster/eventually.ts';
import { listening } from '../../fake/listening.ts';

/** A server that reads bodies and answers, behind a bound. */
async function serving(options: Omit<BoundOptions, 'onShed'>) {
  let shed = 0;
  const bound = new Bound({
    ...options,
    onShed() {
      shed += 1;
    },
  });
  const app = express();
  app.post(
    '/',
    bound.handler,
    express.raw({ type: () => true, limit: 2 ** 20 }),
    (_one, response) => {
      response.send('read');
    },
  );
  return { url: await listening(app), bound, shed: () => shed };
}

/** A request that has announced a body and sent none of it yet. */
function hanging(url: string, bytes: number) {
  const call = request(url, { method: 'POST', headers: { 'Content-Length': bytes } });
  const answer = new Promise<number | undefined>((resolve) => {
    call.on('response', (response) => resolve(response.resume().statusCode));
    call.on('error', () => resolve(undefined));
  });
  call.flushHeaders();
  onTestFinished(() => void call.destroy());
  return { answer, finish: () => call.end('x'.repeat(bytes)), abort: () => call.destroy() };
}

const post = (url: string) => fetch(url, { method: 'POST', body: 'x' });

describe('a bound (hazard 17)', () => {
  test('turns away what is beyond its number, with an answer that costs the caller least', async () => {
    const { url, bound, shed } = await serving({ requests: 2, bytes: 1000 });
    const waiting = [hanging(url, 10), hanging(url, 10)];
    await eventually('both to be under way', () => bound.inFlight === 2);

    const answer = await post(url);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(answer.headers.get('connection')).toBe('close');
    expect(await answer.json()).toEqual({
      error: '2 requests are under way; this one would only wait',
    });
    expect(shed()).toBe(1);

    for (const one of waiting) one.finish();
    expect(await Promise.all(waiting.map(({ answer }) => answer))).toEqual([200, 200]);
    await eventually('nobody to be under way', () => bound.inFlight === 0);
    expect((await post(url)).status).toBe(200);
  });

  test('turns away what is beyond its weight, and lets a heavy one in alone', async () => {
    const { url, bound } = await serving({ requests: 10, bytes: 100 });
    const heavy = hanging(url, 5000);
    await eventually('it to be under way', () => bound.inFlight === 1);
    expect((await post(url)).status).toBe(503);
    heavy.finish();
    expect(await heavy.answer).toBe(200);
  });

  test('forgets a caller that hangs up', async () => {
    const { url, bound } = await serving({ requests: 1, bytes: 100 });
    const one = hanging(url, 10);
    await eventually('it to be under way', () => bound.inFlight === 1);
    one.abort();
    await eventually('it to be gone', () => bound.inFlight === 0);
    expect((await post(url)).status).toBe(200);
  });
});
