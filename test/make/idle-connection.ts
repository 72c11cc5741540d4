import { Agent, request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { issueAuthority, issueServingPair } from '../../certs/renewal/issue.ts';
import { RunningServer } from '../../certs/serving/http.ts';
import { LastGood } from '../../certs/serving/last-good.ts';
import {
  type PairFiles,
  parseServingPair,
  type ServingPair,
} from '../../certs/serving/serving-pair.ts';

/** For each of these times, all at once: whether a connection to a server of ours that was idle so long takes another request. */
export async function takesAnotherAfter(
  idleSeconds: readonly number[],
): Promise<readonly boolean[]> {
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
  /** The local port tells whether it is the same connection. */
  const ask = (agent: Agent) =>
    new Promise<number | undefined>((resolve, reject) => {
      // A POST that is answered with 200 is what the API server sends; others' connections are not kept for so long.
      const where = { host: '127.0.0.1', servername: 'localhost', port: server.port };
      const options = { ...where, method: 'POST', agent };
      request(options, (response) => resolve(response.resume().socket.localPort))
        .once('error', reject)
        .end();
    });
  const outcomes = idleSeconds.map(async (seconds) => {
    const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 });
    const first = await ask(agent);
    await sleep(seconds * 1000);
    const second = await ask(agent);
    agent.destroy();
    return first === second;
  });
  const taken = await Promise.all(outcomes);
  await server.stop(0);
  return taken;
}
