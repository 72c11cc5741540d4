import type { RequestListener } from 'node:http';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import type { Address } from './address.ts';
import type { ReadinessCheck } from './admin.ts';
import type { Callers } from './connections.ts';
import { RunningServer } from './http.ts';
import { LastGood } from './last-good.ts';
import { Seldom } from './seldom.ts';
import { brokenReading } from './service-metrics.ts';
import { type PairFiles, type ServingPair, servingPairDirectory } from './serving-pair.ts';

export interface TlsServerOptions {
  /** Directory with `tls.crt` and `tls.key`, read again as they change. */
  readonly tlsDir: string;
  /** Who may call; absent: whoever reaches the port. */
  readonly clients?: ClientOptions;
  /** Who has shown itself to be a caller, for whoever else wants to know. */
  readonly callers?: Callers;
  readonly address: Address;
  readonly listener: RequestListener;
  readonly registry: Registry;
  readonly log: Logger;
}

export interface ClientOptions {
  /** File with the CA of their certificates, read again as it changes. */
  readonly authorityPath: string;
  /** Common name of the one that is let in; absent: any that the CA has signed for. */
  readonly name?: string;
}

/** A server with TLS that takes up each new pair, what readiness says of it, and how to stop it. */
export interface TlsServer {
  readonly port: number;
  readonly check: ReadinessCheck;
  stop(drainSeconds: number): Promise<void>;
}

/** Listens with the pair of a directory. Throws WrongCall when there is none that is any good. */
export async function startTlsServer(options: TlsServerOptions): Promise<TlsServer> {
  const { tlsDir, clients, callers, address, listener, registry, log } = options;
  let server: RunningServer | undefined;
  const pair = await LastGood.loadForStart<PairFiles, ServingPair>({
    ...servingPairDirectory(tlsDir, clients?.authorityPath),
    onSwap: (fresh) => {
      server?.usePair(fresh);
      log.info({ expiresAt: fresh.expiresAt }, 'serving pair changed');
    },
    onProblem: (problems) =>
      log.error({ problems }, 'serving pair broken; the last good one stays'),
  });
  new Gauge({
    name: 'surefoot_certificate_expiry_timestamp_seconds',
    help: 'When the serving certificate in force expires, in seconds since 1970.',
    registers: [registry],
    collect() {
      this.set(pair.value.expiresAt.getTime() / 1000);
    },
  });
  const complaint = new Seldom();
  const certified = clients && {
    ...(clients.name !== undefined && { name: clients.name }),
    onStranger(name: string) {
      if (!complaint.isDue()) return;
      log.warn({ name }, `turned away: only ${clients.name} is let in (--client-name)`);
    },
  };
  const running = await RunningServer.https(address, pair, listener, certified, callers);
  server = running;
  void pair.follow();
  return {
    port: running.port,
    check: {
      name: 'serving-pair',
      remark: () => brokenReading(pair),
      missing: () =>
        pair.value.expiresAt > new Date()
          ? undefined
          : `the certificate expired at ${pair.value.expiresAt.toISOString()}`,
    },
    async stop(drainSeconds) {
      pair.stop();
      await running.stop(drainSeconds);
    },
  };
}
