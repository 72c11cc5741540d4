import express from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { sendList } from '../../../extender/page/send-list.ts';
import { listening } from '../../fake/listening.ts';

test('a list of many parts to a reader that is slower than we are arrives whole, and nothing piles up', async () => {
  const warnings: string[] = [];
  const warned = ({ message }: Error) => warnings.push(message);
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  const items = Array.from({ length: 400 }, (_none, at) => at);
  const slow = (at: number) => {
    const begunMs = performance.now();
    // Each item is a part of its own.
    while (performance.now() - begunMs < 3.5);
    return { at, text: 'x'.repeat(100_000) };
  };
  const app = express().get('/', (_request, response) =>
    sendList(response, { at: 'now' }, 'items', items, slow),
  );
  const answer = (await (await fetch(await listening(app))).json()) as {
    items: { at: number }[];
  };
  expect(answer.items.map(({ at }) => at)).toEqual(items);
  expect(warnings).toEqual([]);
});
