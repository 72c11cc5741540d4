import { request } from 'node:http';
import express, { type Request, type Response } from 'express';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rawJsonBody } from '../../../certs/serving/body.ts';
import { Bound, type BoundOptions } from '../../../certs/serving/bound.ts';
import { Callers } from '../../../certs/serving/connections.ts';
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
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  app.post(
    '/',
    bound.handler,
    express.raw({ type: () => true, limit: 2 ** 20 }),
    async ({ headers }, response) => {
      if (headers['x-held'] !== undefined) await released;
      response.send('read');
    },
  );
  return { url: await listening(app), bound, shed: () => shed, release };
}

/** The status of a request that has sent all of its body, and is answered once that is released. */
async function held(url: string, bytes = 10): Promise<number> {
  const body = 'x'.repeat(bytes);
  return (await fetch(url, { method: 'POST', headers: { 'X-Held': 'yes' }, body })).status;
}

/** A request that has announced a body and sent none of it yet. */
function hanging(url: string, bytes: number, localAddress = '127.0.0.1') {
  const headers = { 'Content-Length': bytes };
  const call = request(url, { method: 'POST', headers, localAddress, agent: false });
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
    const { url, bound, shed, release } = await serving({ requests: 2, bytes: 1000 });
    const waiting = [held(url), held(url)];
    await eventually('both to be under way', () => bound.inFlight === 2);

    const answer = await post(url);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect(answer.headers.get('connection')).toBe('close');
    expect(await answer.json()).toEqual({
      error: '2 requests are under way; this one would only wait',
    });
    expect(shed()).toBe(1);

    release();
    expect(await Promise.all(waiting)).toEqual([200, 200]);
    await eventually('nobody to be under way', () => bound.inFlight === 0);
    expect((await post(url)).status).toBe(200);
  });

  test('turns away what is beyond its weight, and lets a heavy one in alone', async () => {
    const { url, bound, release } = await serving({ requests: 10, bytes: 100 });
    const heavy = held(url, 5000);
    await eventually('it to be under way', () => bound.inFlight === 1);
    expect((await post(url)).status).toBe(503);
    release();
    expect(await heavy).toBe(200);
  });

  test('who is slow to send a body gives way, the oldest first', async () => {
    const { url, bound, shed } = await serving({ requests: 3, bytes: 1000 });
    const slow = [hanging(url, 10), hanging(url, 10), hanging(url, 10)];
    await eventually('all to be under way', () => bound.inFlight === 3);
    expect((await post(url)).status).toBe(200);
    expect(await slow[0]?.answer).toBeUndefined();
    expect(shed()).toBe(1);
    for (const one of slow.slice(1)) one.finish();
    expect(await Promise.all(slow.map(({ answer }) => answer))).toEqual([undefined, 200, 200]);
  });

  test('who has many gives way before who has few, and callers count for less', async () => {
    const callers = new Callers();
    const { url, bound } = await serving({ requests: 6, bytes: 1000, callers });
    callers.shown('127.0.0.2');
    const from = async (address: string) => {
      const before = bound.inFlight;
      const one = hanging(url, 10, address);
      await eventually('it to be under way', () => bound.inFlight === before + 1);
      return one;
    };
    const caller = [await from('127.0.0.2'), await from('127.0.0.2'), await from('127.0.0.2')];
    const few = await from('127.0.0.3');
    const many = [await from('127.0.0.4'), await from('127.0.0.4')];
    expect((await post(url)).status).toBe(200);
    expect(await many[0]?.answer).toBeUndefined();
    for (const one of [...caller, few, ...many.slice(1)]) one.finish();
    expect(await Promise.all(caller.map(({ answer }) => answer))).toEqual([200, 200, 200]);
    expect(await few.answer).toBe(200);
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

test('nobody gives way to a body that is over the limit: it is refused by its length alone', async () => {
  const bound = new Bound({ requests: 10, bytes: 1000, onShed() {} });
  const app = express();
  app.post('/', rawJsonBody(500, bound.handler), (_one: Request, response: Response) => {
    response.send('read');
  });
  const url = await listening(app);
  const call = (bytes: number) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': bytes };
    const sent = request(url, { method: 'POST', headers, agent: false });
    onTestFinished(() => void sent.destroy());
    const status = new Promise<number | undefined>((resolve) => {
      sent.on('response', (response) => resolve(response.resume().statusCode));
      sent.on('error', () => resolve(undefined));
    });
    sent.flushHeaders();
    return { sent, status };
  };
  const honest = call(2);
  await eventually('it to be under way', () => bound.inFlight === 1);
  expect(await call(99_999_999_999).status).toBe(413);
  honest.sent.end('{}');
  expect(await honest.status).toBe(200);
});
