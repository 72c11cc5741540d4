import { mkdtemp, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { askPrometheus, NoAnswer } from '../../../extender/prometheus/client.ts';
import { prometheusSection } from '../../../extender/prometheus/settings.ts';
import { listening } from '../../fake/listening.ts';

const TRUSTED = { job: ['dcgm'] };

const { signal: GOES_ON } = new AbortController();

async function asked(answer: RequestListener, query = 'x > 0') {
  return askPrometheus({ url: await listening(answer), trusted: TRUSTED }, query, GOES_ON);
}

const saying = (value: unknown, status = 200): RequestListener => {
  return (_request, response) => response.writeHead(status).end(JSON.stringify(value));
};
const vector = (result: unknown) => ({
  status: 'success',
  data: { resultType: 'vector', result },
});

describe('a Prometheus is asked', () => {
  test('for an instant vector, with bounds', async () => {
    let form = new URLSearchParams();
    const samples = await asked(async (request, response) => {
      form = new URLSearchParams(await text(request));
      response.end(JSON.stringify(vector([{ metric: { UUID: 'a' }, value: [1.5, '79'] }])));
    });
    expect(samples).toEqual([{ labels: { UUID: 'a' }, value: '79' }]);
    expect(Object.fromEntries(form)).toEqual({ query: 'x > 0', timeout: '8s', limit: '10001' });
  });

  test.each([
    {
      name: 'a complaint',
      answer: saying({ status: 'error', error: 'parse error: \u001b[31mno' }, 400),
      says: /^Prometheus does not answer its query \(parse error: \\u001b\[31mno\)$/,
    },
    {
      name: 'something else',
      answer: saying({ hello: 'world' }, 404),
      says: /^what answers at \S+ \(status 404\) is not the API of a Prometheus; check prometheus\.url$/,
    },
    {
      name: 'no right',
      answer: saying('who are you?', 401),
      says: /^Prometheus at \S+ refuses us \(401\); name a prometheus\.tokenFile$/,
    },
    {
      name: 'that it has just started',
      answer: saying('Service Unavailable', 503),
      says: /^Prometheus at \S+ cannot answer now \(503\)$/,
    },
    {
      name: 'no JSON',
      answer: ((_request, response) => response.end('<html>')) as RequestListener,
      says: /is not the API of a Prometheus/,
    },
    {
      name: 'a matrix',
      answer: saying({ status: 'success', data: { resultType: 'matrix', result: [] } }),
      says: /is not the API of a Prometheus/,
    },
    {
      name: 'too many series',
      answer: saying(
        vector(Array.from({ length: 10_001 }, () => ({ metric: {}, value: [1, '1'] }))),
      ),
      says: /^its query has more than 10000 series; none of them is believed$/,
    },
    {
      name: 'more than is read',
      answer: saying(vector([{ metric: { filler: 'x'.repeat(5e6) }, value: [1, '1'] }])),
      says: /^the answer to its query is over 4 MiB; none of it is read$/,
    },
    {
      name: 'a connection that is cut',
      answer: ((request) => request.socket.destroy()) as RequestListener,
      says: /^Prometheus at \S+ does not answer \(ECONNRESET\); check prometheus\.url$/,
    },
  ])('and gives $name', async ({ answer, says }) => {
    await expect(asked(answer)).rejects.toThrow(says);
  });

  test('and is not there', async () => {
    const url = 'http://127.0.0.1:1';
    await expect(askPrometheus({ url, trusted: TRUSTED }, 'x', GOES_ON)).rejects.toMatchObject({
      message:
        'Prometheus at http://127.0.0.1:1 does not answer (ECONNREFUSED); check prometheus.url',
      isAway: true,
    });
  });

  test('and the program ends meanwhile: it waits for no answer', async () => {
    const ending = new AbortController();
    const url = await listening(() => ending.abort());
    const question = askPrometheus({ url, trusted: TRUSTED }, 'x', ending.signal);
    await expect(question).rejects.toBeInstanceOf(NoAnswer);
  });

  test('and a token that is not there is said', async () => {
    const tokenFile = join(await mkdtemp(join(tmpdir(), 'surefoot-')), 'token');
    const settings = { url: 'https://127.0.0.1:1', tokenFile, trusted: TRUSTED };
    await expect(askPrometheus(settings, 'x', GOES_ON)).rejects.toThrow(
      /^prometheus\.tokenFile names \S+, which cannot be read \(ENOENT\)$/,
    );
    await writeFile(tokenFile, 'abc\n');
    await expect(askPrometheus(settings, 'x', GOES_ON)).rejects.toThrow(/ECONNREFUSED/);
  });
});

describe('its settings', () => {
  const GOOD = { url: 'https://prometheus.monitoring:9090/', trusted: { namespace: ['gpu'] } };

  test('are taken', () => {
    expect(prometheusSection.parse(GOOD)).toEqual({
      ...GOOD,
      url: 'https://prometheus.monitoring:9090',
    });
  });

  test.each([
    {
      name: 'no targets',
      change: { trusted: {} },
      says: /it would believe every target; name those/,
    },
    {
      name: 'no address',
      change: { url: 'prometheus:9090' },
      says: /expected the address of a Prometheus/,
    },
    {
      name: 'a password',
      change: { url: 'https://a:b@c' },
      says: /expected the address of a Prometheus/,
    },
    {
      name: 'a token in the clear',
      change: { url: 'http://p:9090', tokenFile: '/t' },
      says: /a token goes over TLS only/,
    },
    {
      name: 'a value that would be a question',
      change: { trusted: { job: ['a" or b'] } },
      says: /expected labels with whole values/,
    },
    {
      name: 'too many targets',
      change: { trusted: { a: Array(9).fill('x'), b: Array(9).fill('y') } },
      says: /expected at most 64 combinations of values/,
    },
    {
      name: 'a misspelt key',
      change: { tokenfile: '/t' },
      says: /unknown key "tokenfile"; known here: url, caFile/,
    },
  ])('are refused: $name', ({ change, says }) => {
    const { success, error } = prometheusSection.safeParse({ ...GOOD, ...change });
    expect(success).toBe(false);
    expect(error?.issues.map(({ message }) => message).join()).toMatch(says);
  });
});
