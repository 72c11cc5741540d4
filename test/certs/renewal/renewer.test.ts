import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import {
  type RenewalAction,
  Renewer,
  type RenewerOptions,
} from '../../../certs/renewal/renewer.ts';
import { certificatesIn } from '../../../certs/renewal/trust.ts';
import { FakeCertificateStore } from '../../fake/certificate-store.ts';

const START = Date.parse('2026-11-26T00:00:00Z');
const DAY_MS = 86_400_000;
const OPTIONS: RenewerOptions = {
  hosts: ['surefoot-webhook.surefoot-system.svc'],
  settleSeconds: 10,
  authorityDays: 365,
  pairDays: 90,
};

/** Servers that take the pair up some time after it was written, and an API server that trusts bundles late. */
class World {
  readonly store: FakeCertificateStore;
  readonly actions: RenewalAction[] = [];
  /** What each server shows, as it was read with the Secret. */
  readonly shown: string[];
  /** What the API server trusts: the bundles as they were up to ten seconds ago. */
  trusted: ReadonlyMap<string, string> = new Map();
  options = OPTIONS;
  #renewer: Renewer;

  constructor(servers: number, store = new FakeCertificateStore(START)) {
    this.store = store;
    this.#renewer = this.#fresh();
    this.shown = Array.from({ length: servers }, () => '');
  }

  async round() {
    return this.#renewer.round();
  }

  /** As rounds go on every three seconds while time passes; the API server keeps up within ten. */
  async pass(seconds: number): Promise<void> {
    const before = new Map(this.store.bundles);
    this.store.nowMs += Math.min(seconds, 9) * 1000;
    await this.round();
    if (seconds < 10) {
      this.trusted = this.trusted.size === 0 ? before : this.trusted;
      return;
    }
    this.trusted = before;
    this.store.nowMs += (seconds - 9) * 1000;
    await this.round();
    if (seconds > 30) this.trusted = new Map(this.store.bundles);
  }

  takeUp(server: number): void {
    const pair = this.store.kept?.certificate;
    if (pair) this.shown[server] = pair;
  }

  restart(): void {
    this.#renewer = this.#fresh();
  }

  /** Every server that shows a valid pair is believed. */
  believed(): readonly boolean[] {
    return this.shown
      .filter((pair) => pair !== '')
      .map((pem) => {
        const pair = new X509Certificate(pem);
        return [...this.trusted.values()].every((bundle) =>
          certificatesIn(bundle).some((authority) => pair.verify(authority.publicKey)),
        );
      });
  }

  #fresh(): Renewer {
    return new Renewer({
      store: this.store,
      options: this.options,
      serversNotServing: async (certificate) =>
        this.shown.flatMap((pair, server) =>
          pair === '' || pair === certificate ? [] : [`server ${server} shows the new pair`],
        ),
      onAction: (action) => this.actions.push(action),
      nowMs: () => this.store.nowMs,
      log: pino({ level: 'silent' }),
    });
  }
}

/** A world in which all is well. */
async function settled(): Promise<World> {
  const world = new World(2);
  await world.pass(60);
  world.takeUp(0);
  world.takeUp(1);
  await world.pass(60);
  expect(world.believed()).toEqual([true, true]);
  world.actions.length = 0;
  return world;
}

const authorities = ({ store }: World) => certificatesIn(store.kept?.bundle ?? '').length;
const pairOf = ({ store }: World) => new X509Certificate(store.kept?.certificate ?? '');

describe('renewing', () => {
  test('makes all there is to make at once, and publishes it', async () => {
    const world = new World(2);
    const status = await world.round();
    expect(world.actions).toEqual(['new authority', 'publish']);
    expect(status).toMatchObject({ authorities: 1, pairEndsAt: new Date(START + 90 * DAY_MS) });
    expect(pairOf(world).checkHost('surefoot-webhook.surefoot-system.svc')).toBeDefined();
    expect((await world.round()).missing).toBeUndefined();
    expect(world.store.writes).toBe(1);
  });

  test('a pair with less than a third of its life left is replaced, under the same authority', async () => {
    const world = await settled();
    world.store.nowMs = START + 59 * DAY_MS;
    await world.round();
    expect(world.actions).toEqual([]);
    world.store.nowMs = START + 61 * DAY_MS;
    await world.round();
    expect(world.actions).toEqual(['new pair']);
    expect(authorities(world)).toBe(1);
  });

  test('an authority is replaced in the order that costs no request', async () => {
    const world = await settled();
    world.store.change({ asked: 'authority' });
    const old = pairOf(world).fingerprint256;
    const waits = await world.round();
    expect(world.actions).toEqual(['new authority', 'publish']);
    expect(waits.waitsFor).toBe('every API server needs 10 s to see the bundle');
    expect([authorities(world), pairOf(world).fingerprint256]).toEqual([2, old]);

    await world.pass(12);
    expect(world.actions.slice(2)).toEqual(['new pair']);
    world.takeUp(1);
    const status = await world.round();
    expect(status.waitsFor).toBe('the older authority stays until server 0 shows the new pair');
    world.takeUp(0);
    await world.round();
    expect(world.actions.slice(3)).toEqual(['trust only', 'publish']);
    expect(authorities(world)).toBe(1);
  });

  test('a crash on the way is gone on from', async () => {
    const world = await settled();
    world.store.change({ asked: 'authority' });
    await world.round();
    world.restart();
    expect((await world.round()).waitsFor).toMatch('needs 10 s');
    await world.pass(20);
    expect(world.actions).toEqual(['new authority', 'publish', 'new pair']);
  });

  test('only what was asked for is replaced, once', async () => {
    const world = await settled();
    world.store.change({ asked: 'pair' });
    await world.pass(60);
    expect(world.actions).toEqual(['new pair']);
    expect(world.store.kept?.asked).toBeUndefined();
  });

  test('a wish that is neither is said, and nothing is done', async () => {
    const world = await settled();
    world.store.change({ asked: 'everything' });
    expect((await world.round()).waitsFor).toBe(
      'the annotation surefoot.dev/rotate says "everything"; write authority or pair',
    );
    expect(world.actions).toEqual([]);
  });

  test('a wiped caBundle is healed in the next round', async () => {
    const world = await settled();
    world.store.bundles.set('jobs', '');
    await world.round();
    expect(world.actions).toEqual(['publish']);
    expect(new Set(world.store.bundles.values()).size).toBe(1);
  });

  test('a wiped Secret costs no request: whoever was trusted stays so', async () => {
    const world = await settled();
    world.store.change({ bundle: '', authorityKey: '', certificate: '', key: '' });
    await world.round();
    expect(world.actions).toEqual(['new authority', 'publish']);
    expect(authorities(world)).toBe(2);
    await world.pass(12);
    expect(world.actions.slice(2)).toEqual(['new pair']);
    expect(world.believed()).toEqual([true, true]);
  });

  const broken = [
    { name: 'a key of another authority', parts: { authorityKey: 'no key' } },
    { name: 'a bundle that is none', parts: { bundle: 'no certificate' } },
  ];
  test.each(broken)('$name is mended, and nobody is cut off', async ({ parts }) => {
    const world = await settled();
    world.store.change(parts);
    await world.pass(60);
    expect(world.believed()).toEqual([true, true]);
    world.takeUp(0);
    world.takeUp(1);
    await world.pass(60);
    expect(world.believed()).toEqual([true, true]);
    expect(authorities(world)).toBe(1);
  });

  test('another host needs another pair', async () => {
    const world = await settled();
    world.options = { ...OPTIONS, hosts: [...OPTIONS.hosts, '10.0.0.7'] };
    world.restart();
    await world.pass(60);
    expect(world.actions).toEqual(['new pair']);
    expect(pairOf(world).checkIP('10.0.0.7')).toBeDefined();
  });

  test('pitfall 25: after a jump over the end of everything all is new in the next round', async () => {
    const world = await settled();
    world.store.nowMs += 1000 * DAY_MS;
    await world.round();
    expect(world.actions).toEqual(['new authority', 'publish', 'new pair']);
    expect(authorities(world)).toBe(1);
  });

  test('pitfall 23: of two writers one wins, and the other goes on from what that one wrote', async () => {
    const world = new World(0);
    const other = new World(0, world.store);
    world.store.beforeWrite = () => other.round();
    await expect(world.round()).rejects.toThrow('HTTP 409');
    expect(other.actions).toEqual(['new authority', 'publish']);
    await world.round();
    expect(world.actions).toEqual([]);
    expect(authorities(world)).toBe(1);
  });

  test('without a Secret nothing is made, and it says what to do', async () => {
    const world = new World(0);
    world.store.kept = undefined;
    expect((await world.round()).missing).toBe('the Secret is not there; apply the manifests');
  });

  test('without a configuration to publish in it makes the pair and says what is missing', async () => {
    const world = new World(0);
    world.store.bundles.clear();
    expect((await world.round()).missing).toMatch('the webhook configuration is not there');
    expect(world.store.kept?.certificate).not.toBe('');
  });

  test('whatever happens, a server that shows a pair is believed, and all ends with one authority', async () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('take up 0', 'take up 1', 'take up 2') },
      {
        weight: 4,
        arbitrary: fc.constantFrom('3 s', '12 s', '60 s', '10 days'),
      },
      {
        weight: 2,
        arbitrary: fc.constantFrom('rotate', 'new pair', 'restart', 'lose the Secret'),
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 30 }), async (events) => {
        const world = new World(3);
        await world.pass(60);
        for (const name of events) {
          await play(world, name);
          expect(world.believed().every(Boolean), events.join(', ')).toBe(true);
        }
        // A wish of the last moment is one more renewal.
        for (let last = 0; last < 3; last += 1) {
          await world.pass(60);
          for (const server of [0, 1, 2]) world.takeUp(server);
        }
        await world.pass(60);
        expect(authorities(world)).toBe(1);
      }),
      { numRuns: 60 },
    );
  });
});

const SECONDS: Readonly<Record<string, number>> = { '3 s': 3, '12 s': 12, '60 s': 60 };

async function play(world: World, name: string): Promise<void> {
  if (name.startsWith('take up')) world.takeUp(Number(name.at(-1)));
  else if (name === 'rotate') world.store.change({ asked: 'authority' });
  else if (name === 'new pair') world.store.change({ asked: 'pair' });
  else if (name === 'restart') world.restart();
  else if (name === 'lose the Secret') {
    world.store.change({ bundle: '', authorityKey: '', certificate: '', key: '' });
  } else if (name === '10 days') {
    // No kubelet is ten days late.
    await world.pass(60);
    for (const server of [0, 1, 2]) world.takeUp(server);
    await world.pass(10 * 86_400);
  } else await world.pass(SECONDS[name] as number);
}
