import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { issueAuthority, issueServingPair, type Pair } from '../../../certs/renewal/issue.ts';
import { serversNotServing } from '../../../certs/renewal/shown.ts';

const now = new Date();
const authority = issueAuthority({ now });
const [fresh, old] = ['new', 'old'].map(() =>
  issueServingPair({ authority, hosts: ['localhost'], now }),
) as [Pair, Pair];

/** A server that shows the pair; with `silent` it takes connections and says nothing. */
async function showing({ certificate, key }: Pair): Promise<number> {
  const server: Server = createServer({ cert: certificate, key });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('whoever shows another pair is behind, and whoever does not answer', async () => {
  const [ahead, behind] = [await showing(fresh), await showing(old)];
  const at = (port: number) => ({ host: '127.0.0.1', port });
  expect(await serversNotServing(fresh.certificate, [at(ahead)])).toEqual([]);
  expect(await serversNotServing(fresh.certificate, [at(ahead), at(behind), at(1)])).toEqual([
    `127.0.0.1:${behind} shows the new pair`,
    '127.0.0.1:1 answers (ECONNREFUSED)',
  ]);
});

test('a name is all its addresses, and one that stands for nobody holds nothing up', async () => {
  const port = await showing(old);
  expect(await serversNotServing(fresh.certificate, [{ host: 'localhost', port }])).toContain(
    `127.0.0.1:${port} shows the new pair`,
  );
  const words = await serversNotServing(fresh.certificate, [{ host: 'nobody.invalid', port }]);
  // Where no resolver answers it cannot be known.
  expect(['', 'nobody.invalid can be resolved (EAI_AGAIN)']).toContain(words.join());
});
