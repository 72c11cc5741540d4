import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { issueAuthority, issueServingPair, type Pair } from '../../../certs/renewal/issue.ts';
import { RunningServer } from '../../../certs/serving/http.ts';
import { LastGood } from '../../../certs/serving/last-good.ts';
import {
  type PairFiles,
  parseServingPair,
  type ServingPair,
} from '../../../certs/serving/serving-pair.ts';

const NOW = new Date();
const authority = issueAuthority({ now: NOW });
const makePair = () => issueServingPair({ authority, hosts: ['localhost'], now: NOW });

/** A server whose pair is what `files` holds, read anew by `reload`. */
async function serving(files: { pair: Pair }) {
  const problems: string[] = [];
  const pair: LastGood<PairFiles, ServingPair> = await LastGood.loadForStart({
    read: async () => ({ directory: '/tls', ...files.pair }),
    fingerprint: ({ certificate, key }: PairFiles) => certificate + key,
    parse: (read: PairFiles) => parseServingPair(read, NOW),
    onSwap: (fresh: ServingPair) => server.usePair(fresh),
    onProblem: (found) => problems.push(...found),
  });
  const server = await RunningServer.https(
    { host: '127.0.0.1', port: 0 },
    pair,
    (_request, response) => {
      response.end('ok');
    },
  );
  onTestFinished(() => server.stop(0));
  return { server, pair, problems };
}

function get(port: number, agent = new Agent({ ca: authority.certificate }), method = 'GET') {
  return new Promise<{ serial: string; connection: string; body: string }>((resolve, reject) => {
    const call = request(
      { host: '127.0.0.1', servername: 'localhost', port, agent, method },
      (response) => {
        const { socket } = response as unknown as {
          socket: { getPeerCertificate(): { serialNumber: string } };
        };
        const serial = socket.getPeerCertificate().serialNumber;
        response.once('data', (body) => {
          resolve({ serial, connection: response.headers.connection ?? '', body: String(body) });
        });
      },
    );
    call.once('error', reject);
    call.end();
  });
}

test('a connection is told to close after 1,000 requests, and none of them is refused', async () => {
  const { server } = await serving({ pair: makePair() });
  const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 });
  const connections: string[] = [];
  for (let count = 0; count < 1002; count += 1) {
    const { connection, body } = await get(server.port, agent);
    expect(body).toBe('ok');
    connections.push(connection);
  }
  agent.destroy();
  expect(connections.flatMap((word, index) => (word === 'close' ? [index] : []))).toEqual([999]);
});

test('a new pair is served without a restart, a broken one never', async () => {
  const files = { pair: makePair() };
  const { server, pair, problems } = await serving(files);
  const first = await get(server.port);

  files.pair = makePair();
  expect(await pair.reload()).toBe(true);
  const second = await get(server.port);
  expect(second.serial).not.toBe(first.serial);

  files.pair = { certificate: files.pair.certificate, key: makePair().key };
  expect(await pair.reload()).toBe(false);
  await pair.reload();
  expect((await get(server.port)).serial).toBe(second.serial);
  expect(problems).toEqual(['/tls/tls.key: does not belong to the certificate in /tls/tls.crt']);
  expect(pair.problems).toEqual(problems);

  files.pair = makePair();
  expect(await pair.reload()).toBe(true);
  expect(pair.problems).toEqual([]);
  expect((await get(server.port)).serial).not.toBe(second.serial);
});

test('only TLS 1.3 is spoken, also after a change of the pair', async () => {
  const files = { pair: makePair() };
  const { server, pair } = await serving(files);
  const handshake = (maxVersion: 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string>((resolve) => {
      const socket = connect(
        {
          host: '127.0.0.1',
          port: server.port,
          ca: authority.certificate,
          servername: 'localhost',
          maxVersion,
        },
        () => {
          resolve(socket.getProtocol() ?? '');
          socket.destroy();
        },
      );
      socket.once('error', () => resolve('refused'));
    });
  for (const _round of ['first pair', 'second pair']) {
    expect(await handshake('TLSv1.3')).toBe('TLSv1.3');
    expect(await handshake('TLSv1.2')).toBe('refused');
    files.pair = makePair();
    await pair.reload();
  }
});

test.concurrent.each([
  {
    who: 'of a caller is kept past the 5 s after which Node would close it (hazard 15)',
    method: 'POST',
    connections: 1,
  },
  {
    who: 'of somebody who has sent nothing that is answered is not',
    method: 'GET',
    connections: 2,
  },
])('a connection $who', async ({ method, connections: expected }) => {
  const { server } = await serving({ pair: makePair() });
  const agent = new Agent({ ca: authority.certificate, keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  let connections = 0;
  agent.on('free', () => {});
  const createConnection = agent.createConnection.bind(agent);
  agent.createConnection = (...args) => {
    connections += 1;
    return createConnection(...args);
  };
  await get(server.port, agent, method);
  await sleep(7000);
  await get(server.port, agent, method);
  expect(connections).toBe(expected);
});

test('draining serves on, tells clients to close, and then ends', async () => {
  const { server } = await serving({ pair: makePair() });
  const agent = new Agent({ ca: authority.certificate, keepAlive: true });
  onTestFinished(() => agent.destroy());
  expect((await get(server.port, agent)).connection).toBe('keep-alive');

  const stopped = server.stop(0.5);
  const duringDrain = await get(server.port, agent);
  expect(duringDrain).toMatchObject({ connection: 'close', body: 'ok' });
  const { port } = server;
  await stopped;
  await expect(get(port)).rejects.toThrow(/ECONNREFUSED/);
});

test('a handshake that is under way when draining ends is finished, and answered', async () => {
  const { server } = await serving({ pair: makePair() });
  const tcp = connectTcp(server.port, '127.0.0.1');
  await once(tcp, 'connect');
  const stopped = server.stop(0);
  await sleep(200);
  const socket = connect({ socket: tcp, ca: authority.certificate, servername: 'localhost' });
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [answer] = await once(socket, 'data');
  expect(String(answer)).toMatch(/^HTTP\/1.1 200 OK\r\n(.+\r\n)*Connection: close\r\n/);
  await stopped;
});

test('whoever comes while draining ends is answered or refused, and nobody is reset', async () => {
  const outcomes: string[] = [];
  for (let round = 0; round < 20; round += 1) {
    const { server } = await serving({ pair: makePair() });
    const { port } = server;
    const asked: Promise<unknown>[] = [];
    const coming = setInterval(() => {
      const outcome = get(port).then(
        ({ body }) => body,
        ({ code }) => code,
      );
      asked.push(outcome.then((one) => outcomes.push(one)));
    }, 4);
    await sleep(100);
    await server.stop(0.1);
    clearInterval(coming);
    await Promise.all(asked);
  }
  expect(outcomes.filter((one) => one === 'ok').length).toBeGreaterThan(100);
  expect(outcomes.filter((one) => one !== 'ok' && one !== 'ECONNREFUSED')).toEqual([]);
}, 60_000);

test('who does not take an answer is cut, and counts as under way no more', async () => {
  const now = new Date();
  const pair: LastGood<PairFiles, ServingPair> = await LastGood.loadForStart({
    read: async () => ({ directory: '/tls', ...makePair() }),
    fingerprint: ({ certificate }: PairFiles) => certificate,
    parse: (read: PairFiles) => parseServingPair(read, now),
  });
  let isClosed = false;
  const server = await RunningServer.https(
    { host: '127.0.0.1', port: 0 },
    pair,
    (_one, response) => {
      response.once('close', () => {
        isClosed = true;
      });
      response.end(Buffer.alloc(32 * 2 ** 20));
    },
  );
  onTestFinished(() => server.stop(0));
  const socket = connect({ host: '127.0.0.1', port: server.port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.on('error', () => {}).pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  const begun = performance.now();
  while (!isClosed && performance.now() - begun < 12_000) await sleep(50);
  socket.destroy();
  expect(isClosed).toBe(true);
});

describe('a client that holds a connection and sends too little (hazard 16)', () => {
  const slow = [
    { name: 'nothing at all', sends: '' },
    { name: 'half of its headers', sends: 'POST /mutate HTTP/1.1\r\nHost: x\r\nX-Slow: ' },
    {
      name: 'half of its body',
      sends: 'POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc',
    },
  ];
  test.concurrent.each(slow)('$name: it is cut, and others are served', async ({ sends }) => {
    const server = await RunningServer.http({ host: '127.0.0.1', port: 0 }, (request, response) => {
      request.resume();
      request.on('error', () => {});
      request.on('end', () => response.end('ok'));
    });
    const socket = connectTcp(server.port, '127.0.0.1');
    if (sends !== '') socket.write(sends);
    socket.resume();
    const begun = performance.now();
    const closed = once(socket, 'close');
    await sleep(1000);
    expect(await (await fetch(`http://127.0.0.1:${server.port}`)).text()).toBe('ok');
    await closed;
    expect(performance.now() - begun).toBeLessThan(12_000);
    await server.stop(0);
  });
});

test('a taken port is explained', async () => {
  const listener = () => {};
  const server = await RunningServer.http({ host: '127.0.0.1', port: 0 }, listener);
  onTestFinished(() => server.stop(0));
  await expect(
    RunningServer.http({ host: '127.0.0.1', port: server.port }, listener),
  ).rejects.toThrow(`127.0.0.1:${server.port} is taken by another program; choose another port`);
});
