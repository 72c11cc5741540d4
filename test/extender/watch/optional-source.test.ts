import { KubeConfig } from '@kubernetes/client-node';
import express from 'express';
import { expect, test } from 'vitest';
import { isServed, optionalSource } from '../../../extender/watch/api.ts';
import { listening } from '../../fake/listening.ts';

const JOBS = { group: 'batch', version: 'v1', plural: 'jobs' };

/** An API server that answers lists of Jobs with these statuses, one after the other. */
async function answering(...statuses: readonly number[]) {
  const left = [...statuses];
  const app = express().get('/apis/batch/v1/jobs', ({ query }, response) => {
    if (query.sendInitialEvents === 'true') {
      response.status(422).json({ message: 'sendInitialEvents is forbidden' });
      return;
    }
    const status = left.shift() ?? 500;
    response.status(status).json({ items: [], metadata: { resourceVersion: '7' } });
  });
  const server = await listening(app);
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: 'c', server, skipTLSVerify: true }, { name: 'u' });
  return optionalSource(config, JOBS);
}

/** The version of a list in which nothing is found. */
function listed(source: Awaited<ReturnType<typeof answering>>): Promise<string> {
  const none = () => expect.unreachable('the list has no objects');
  return source.list(none, AbortSignal.timeout(10_000));
}

test.each([404, 403])(
  'a kind that was never served (%i) has no objects, and is not known',
  async (status) => {
    const source = await answering(status);
    expect(isServed(await listed(source))).toBe(false);
  },
);

test.each([404, 403])(
  'a refusal (%i) of what was served is an error: nothing of it is gone',
  async (status) => {
    const source = await answering(200, status);
    expect(isServed(await listed(source))).toBe(true);
    await expect(listed(source)).rejects.toThrow(
      status === 403 ? /we may not list/ : /does not serve/,
    );
  },
);
