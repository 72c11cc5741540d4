import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { type Address, hostPort } from '../serving/address.ts';

const TIME_LIMIT_MS = 3000;
/** What a resolver says when a name stands for nobody: a headless Service without pods. */
const NOBODY = ['ENOTFOUND', 'ENODATA'];

/**
 * Who does not show this certificate yet, in words that follow on "until"; none when everybody does. A name
 * stands for all its addresses, as a headless Service's does for its pods.
 */
export async function serversNotServing(
  certificate: string,
  servers: readonly Address[],
): Promise<readonly string[]> {
  const { fingerprint256 } = new X509Certificate(certificate);
  const found = await Promise.all(servers.map((server) => whyBehind(server, fingerprint256)));
  return found.flat();
}

async function whyBehind(server: Address, fingerprint: string): Promise<readonly string[]> {
  let hosts: readonly string[];
  try {
    hosts = await addressesOf(server.host);
  } catch (error) {
    return [`${server.host} can be resolved (${wordsOf(error)})`];
  }
  const whys = await Promise.all(
    hosts.map(async (host) => {
      const place = hostPort({ host, port: server.port });
      try {
        const shown = await fingerprintAt({ host, port: server.port });
        return shown === fingerprint ? [] : [`${place} shows the new pair`];
      } catch (error) {
        return [`${place} answers (${wordsOf(error)})`];
      }
    }),
  );
  return whys.flat();
}

async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    if (NOBODY.includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}

/** Nothing is believed here: it is only looked at. */
function fingerprintAt({ host, port }: Address): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.3' }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256);
      socket.end();
    });
    socket.setTimeout(TIME_LIMIT_MS, () =>
      socket.destroy(new Error(`no answer within ${TIME_LIMIT_MS} ms`)),
    );
    socket.once('error', reject);
  });
}

function wordsOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
