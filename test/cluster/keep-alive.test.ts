import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { issueAuthority, issueServingPair } from '../../certs/renewal/issue.ts';
import { RunningServer } from '../../certs/serving/http.ts';
import { LastGood } from '../../certs/serving/last-good.ts';
import {
  type PairFiles,
  parseServingPair,
  type ServingPair,
} from '../../certs/serving/serving-pair.ts';

/** The API server forgets an idle connection after 90 s; until then it trusts it. */
const IDLE_SECONDS = [4.9, 5.1, 6.1, 60, 89, 91];

test('pitfall 15: a connection that was idle for up to 91 s takes another request (a client in Node, not kube-apiserver)', async () => {
  const now = new Date();
  const authority = issueAuthority({ now });
  const files = issueServingPair({ authority, hosts: ['localhost'], now });
  const pair = await LastGood.loadForStart<PairFiles, ServingPair>({
    read: async () => ({ directory: '/tls', ...files }),
    fingerprint: ({ certificate }) => certificate,
    parse: (read) => parseServingPair(read, now),
  });
  const server = await RunningServer.https(
    { host: '127.0.0.1', port: 0 },
    pair,
    (_request, response) => void response.end('ok'),
  );
  const ask = (agent: Agent) =>
    new Promise<number | undefined>((resolve, reject) => {
      // A POST that is answered with 200 is what the API server sends; others' connections are not kept for so long.
      const where = { host: '127.0.0.1', servername: 'localhost', port: server.port };
      const options = { ...where, method: 'POST', agent };
      request(options, (response) => {
        // The local port tells whether it is the same connection.
        resolve(response.resume().socket.localPort);
      })
        .once('error', reject)
        .end();
    });
  const outcomes = IDLE_SECONDS.map(async (seconds) => {
    const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 });
    const first = await ask(agent);
    await sleep(seconds * 1000);
    const second = await ask(agent);
    agent.destroy();
    return first === second;
  });
  expect(await Promise.all(outcomes)).toEqual(IDLE_SECONDS.map(() => true));
  await server.stop(0);
});
