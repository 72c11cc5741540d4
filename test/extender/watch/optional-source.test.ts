import { KubeConfig } from '@kubernetes/client-node';
import express from 'express';
import { expect, test } from 'vitest';
import { isWholeList, optionalSource } from '../../../extender/watch/api.ts';
import { listening } from '../../fake/listening.ts';

const JOBS = { group: 'batch', version: 'v1', plural: 'jobs' };

/** An API server that answers lists of Jobs with these statuses, one after the other. */
async function answering(...statuses: readonly number[]) {
  const left = [...statuses];
  const app = express().get('/apis/batch/v1/jobs', (_request, response) => {
    const status = left.shift() ?? 500;
    response.status(status).json({ items: [], metadata: { resourceVersion: '7' } });
  });
  const server = await listening(app);
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' });
  return optionalSource(config, JOBS);
}

test.each([404, 403])(
  'a kind that was never served (%i) has no objects, and is not known',
  async (status) => {
    const source = await answering(status);
    const page = await source.list('');
    expect(page.items).toEqual([]);
    expect(isWholeList(page)).toBe(false);
  },
);

test('a page that is not the last one of its list is not the whole of it', () => {
  const page = { items: [], resourceVersion: '7' };
  expect(isWholeList({ ...page, next: 'more' })).toBe(false);
  expect(isWholeList({ ...page, next: '' })).toBe(true);
});

test.each([404, 403])(
  'a refusal (%i) of what was served is an error: nothing of it is gone',
  async (status) => {
    const source = await answering(200, status);
    expect(isWholeList(await source.list(''))).toBe(true);
    await expect(source.list('')).rejects.toThrow(
      status === 403 ? /we may not list/ : /does not serve/,
    );
  },
);
