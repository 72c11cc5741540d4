import express from 'express';
import { expect, test } from 'vitest';
import { rawRequest } from '../../../certs/cluster/raw-request.ts';
import { listening } from '../../fake/listening.ts';
import { loadedKubeConfig } from '../../make/kubeconfig.ts';

test('an answer comes with its warnings, unquoted, and its date', async () => {
  const app = express().use(express.json());
  app.post('/api', (request, response) => {
    response.set('Warning', [
      '299 - "names \\"nvida\\", and a \\\\"',
      '299 kube-apiserver "second"',
    ] as unknown as string);
    response.set('Date', 'Thu, 26 Nov 2026 12:00:00 GMT').status(201).send(request.body);
  });
  const config = loadedKubeConfig(await listening(app));
  const sent = { kind: 'Pod' };
  expect(await rawRequest(config, 'POST', '/api', { body: sent })).toEqual({
    status: 201,
    text: JSON.stringify(sent),
    warnings: ['names "nvida", and a \\', 'second'],
    date: new Date('2026-11-26T12:00:00Z'),
  });
});

test('a body is told with its length, whatever the method', async () => {
  const app = express().use(express.text({ type: '*/*' }));
  app.delete('/api', (request, response) => void response.send(request.body));
  const config = loadedKubeConfig(await listening(app));
  const asked = () => rawRequest(config, 'DELETE', '/api', { body: { name: 'naïve' } });
  expect((await asked()).text).toBe('{"name":"naïve"}');
  // On the connection that was kept.
  expect((await asked()).text).toBe('{"name":"naïve"}');
});

test('where nobody answers it says so', async () => {
  await expect(
    rawRequest(loadedKubeConfig('http://127.0.0.1:1'), 'GET', '/version'),
  ).rejects.toThrow('ECONNREFUSED');
});
