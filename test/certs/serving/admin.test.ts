import { Counter, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { adminApp } from '../../../certs/serving/admin.ts';
import { listening } from '../../fake/listening.ts';

describe('the admin server', () => {
  test('is ready when nothing is missing, and says what is when not', async () => {
    let missing: string | undefined = 'nothing has been listed yet';
    const url = await listening(
      adminApp(new Registry(), [
        { name: 'pods-listed', missing: () => missing },
        { name: 'history-loaded', missing: () => undefined },
      ]),
    );

    const notReady = await fetch(`${url}/readyz`);
    expect(notReady.status).toBe(503);
    expect(await notReady.text()).toBe(
      '[-]pods-listed failed: nothing has been listed yet\n[+]history-loaded ok\nnot ready\n',
    );
    missing = undefined;
    const ready = await fetch(`${url}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.text()).toBe('[+]pods-listed ok\n[+]history-loaded ok\nready\n');
    expect(await (await fetch(`${url}/livez`)).text()).toBe('ok\n');
  });

  test('is ready all the same when something is remarked, and says it', async () => {
    const url = await listening(
      adminApp(new Registry(), [
        {
          name: 'configuration',
          missing: () => undefined,
          remark: () => 'the last good one serves on',
        },
      ]),
    );
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(
      '[+]configuration ok, but the last good one serves on\nready\n',
    );
  });

  test('shows metrics', async () => {
    const registry = new Registry();
    new Counter({ name: 'x_total', help: 'x', registers: [registry] }).inc(3);
    const url = await listening(adminApp(registry, []));
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('x_total 3');
  });

  test('says what it serves', async () => {
    const answer = await fetch(`${await listening(adminApp(new Registry(), []))}/healthz`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: 'nothing is served at /healthz; this port has /livez, /readyz and /metrics',
    });
  });
});
