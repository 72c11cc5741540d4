import express, { type Response } from 'express';
import { expect, test } from 'vitest';
import { LONGEST_WHOLE_LINE_BYTES, rawLines } from '../../../certs/cluster/raw-lines.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

/** The lines of what `answer` writes. */
async function linesOf(
  answer: (response: Response) => void,
  signal = AbortSignal.timeout(10_000),
  onTooLong = () => {},
) {
  const server = await listening(express().get('/lines', (_request, response) => answer(response)));
  return rawLines(loadedKubeConfig(server), '/lines', { signal, silenceMs: 300, onTooLong });
}

test('lines come whole, however they are cut on the way', async () => {
  const bytes = Buffer.from('{"a":"größer"}\n\n{"b":2}\n');
  const lines = await linesOf((response) => {
    // In the middle of the ö, and of the second line.
    response.write(bytes.subarray(0, 9));
    setTimeout(() => response.write(bytes.subarray(9, 21)), 20);
    setTimeout(() => response.end(bytes.subarray(21)), 40);
  });
  expect(await Array.fromAsync(lines)).toEqual(['{"a":"größer"}', '{"b":2}']);
});

test('who else waits gets a turn while lines come', async () => {
  const count = 2000;
  const lines = await linesOf((response) => response.end('x\n'.repeat(count)));
  let turns = 0;
  let ended = false;
  const others = () => {
    turns += 1;
    if (!ended) setImmediate(others);
  };
  setImmediate(others);
  let taken = 0;
  for await (const _line of lines) {
    taken += 1;
    const until = performance.now() + 0.05;
    while (performance.now() < until);
  }
  ended = true;
  expect(taken).toBe(count);
  // 100 ms of work, a millisecond each turn.
  expect(turns).toBeGreaterThan(30);
});

test('a silence ends them well, and so does whoever asked', async () => {
  const silent = await linesOf((response) => response.write('x\n'));
  expect(await Array.fromAsync(silent)).toEqual(['x']);
  const asked = new AbortController();
  const lines = await linesOf((response) => response.write('x\n'), asked.signal);
  for await (const _line of lines) asked.abort();
  expect(asked.signal.aborted).toBe(true);
});

test('a refusal and a cut are errors', async () => {
  const refused = await linesOf((response) => response.status(410).end('gone'));
  await expect(Array.fromAsync(refused)).rejects.toMatchObject({
    message: 'gone',
    status: 410,
  });
  const cut = await linesOf((response) => {
    response.write('x\n');
    setTimeout(() => response.destroy(), 20);
  });
  await expect(Array.fromAsync(cut)).rejects.toThrow('aborted');
});

test('a long line is trimmed, and the next ones come as they are', async () => {
  const object = { metadata: { uid: 'u', annotations: { big: 'x'.repeat(20_000) } } };
  const containers = Array.from({ length: 10_000 }, (_, at) => ({ name: `container-${at}` }));
  const long = JSON.stringify({ type: 'ADDED', object: { ...object, spec: { containers } } });
  expect(long.length).toBeGreaterThan(LONGEST_WHOLE_LINE_BYTES);
  const short = JSON.stringify({ type: 'ADDED', object });
  const lines = await linesOf((response) => response.end(`${short}\n${long}\n${short}\n`));
  const [first, trimmed, last] = await Array.fromAsync(lines);
  expect([first, last]).toEqual([short, short]);
  expect(JSON.parse(trimmed ?? '').object).toEqual({
    metadata: { uid: 'u', annotations: { big: '' } },
    spec: { containers },
  });
});

test('a line that is longer than anything is let go of and counted', async () => {
  let count = 0;
  const fields = Array.from({ length: 600_000 }, (_, at) => `"field-${at}":1`).join(',');
  const lines = await linesOf(
    (response) => response.end(`{"object":{"spec":{${fields}}}}\nx\n`),
    undefined,
    () => {
      count += 1;
    },
  );
  expect(await Array.fromAsync(lines)).toEqual(['x']);
  expect(count).toBe(1);
});
