import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Callers } from '../../../certs/serving/connections.ts';
import { RunningServer } from '../../../certs/serving/http.ts';

async function serving() {
  const server = await RunningServer.http({ host: '127.0.0.1', port: 0 }, (request, response) => {
    request.resume().once('end', () => response.end('ok'));
    request.on('error', () => {});
  });
  onTestFinished(() => server.stop(0));
  return { port: server.port, post: (from: string) => new Client(server.port, from).post() };
}

/** Keeps a connection from an address of this machine. */
class Client {
  readonly socket: Socket;
  isOpen = true;

  constructor(port: number, localAddress: string) {
    this.socket = connect({ port, host: '127.0.0.1', localAddress });
    this.socket.on('error', () => {});
    this.socket.once('close', () => {
      this.isOpen = false;
    });
    onTestFinished(() => void this.socket.destroy());
  }

  /** The first line of the answer to a small request; rejects when there is none. */
  async post(path = '/'): Promise<string> {
    this.socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx`);
    const [answer] = await Promise.race([
      once(this.socket, 'data'),
      once(this.socket, 'close').then(() => Promise.reject(new Error('cut off'))),
    ]);
    return String(answer).split('\r\n')[0] ?? '';
  }
}

/** Strangers that each have as many connections as they like, and have asked something small on each. */
async function strangers(
  port: number,
  addresses: number,
  each: number,
): Promise<readonly Client[]> {
  const all: Client[] = [];
  for (let address = 0; address < addresses; address += 1) {
    const own = Array.from({ length: each }, () => new Client(port, `127.0.1.${address + 1}`));
    await Promise.all(own.map((client) => client.post()));
    all.push(...own);
  }
  return all;
}

test('idle connections by the thousand shut the door to nobody', async () => {
  const { port, post } = await serving();
  const idle = await strangers(port, 4, 500);
  for (let count = 0; count < 20; count += 1) expect(await post('127.0.0.1')).toMatch(/ 200 OK$/);
  expect(idle.filter(({ isOpen }) => isOpen).length).toBeLessThan(2000);
});

test('one address never has more than a thousand, and its oldest give way', async () => {
  const { port } = await serving();
  const idle = await strangers(port, 1, 1010);
  expect(await new Client(port, '127.0.0.1').post()).toMatch(/ 200 OK$/);
  expect(idle.slice(0, 10).every(({ isOpen }) => !isOpen)).toBe(true);
  expect(idle.slice(10).every(({ isOpen }) => isOpen)).toBe(true);
});

test('many addresses with a few idle connections each cut off no request of a caller with many', async () => {
  const answers: (() => void)[] = [];
  const callers = new Callers();
  const server = await RunningServer.http(
    { host: '127.0.0.1', port: 0 },
    (request, response) => {
      request.resume().on('error', () => {});
      callers.shown(request.socket.remoteAddress ?? '');
      if (request.url !== '/slow') response.end('ok');
      else answers.push(() => response.end('ok'));
    },
    callers,
  );
  onTestFinished(() => server.stop(0));
  const busy = Array.from({ length: 300 }, () => new Client(server.port, '127.0.0.1'));
  const asked = busy.map((client) => client.post('/slow'));
  await strangers(server.port, 100, 20);
  expect(busy.filter(({ isOpen }) => isOpen)).toHaveLength(300);
  for (const answer of answers) answer();
  for (const line of await Promise.all(asked)) expect(line).toMatch(/ 200 OK$/);
});
