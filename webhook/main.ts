import { join } from 'node:path';
import type { Logger } from 'pino';
import { parseAddress } from '../certs/serving/address.ts';
import { adminApp } from '../certs/serving/admin.ts';
import { Bound } from '../certs/serving/bound.ts';
import { Callers } from '../certs/serving/connections.ts';
import { RunningServer } from '../certs/serving/http.ts';
import { LastGood } from '../certs/serving/last-good.ts';
import { type Service, WrongCall } from '../certs/serving/lifecycle.ts';
import { programLog } from '../certs/serving/program-log.ts';
import {
  brokenReading,
  configurationMetrics,
  serviceRegistry,
} from '../certs/serving/service-metrics.ts';
import { type ClientOptions, startTlsServer } from '../certs/serving/tls-server.ts';
import { LifterWord } from './admission/lifter-word.ts';
import { webhookApp } from './admission/server.ts';
import { admissionMetrics } from './metrics.ts';
import { webhookDirectory } from './settings.ts';

export interface WebhookOptions {
  readonly config: string;
  readonly tlsDir: string;
  /** File with the CA of the API server's client certificate; absent: whoever reaches the port may ask. */
  readonly clientCa?: string;
  /** Common name in that certificate; default: anybody's whom the CA has signed for. */
  readonly clientName?: string;
  /** Where the extenders say whether they can lift scheduling gates; absent: no pod waits for its own node. */
  readonly lifter?: string;
  /** File with the CA of their certificate; default: `ca.crt` beside our own pair. */
  readonly lifterCa?: string;
  readonly listen: string;
  readonly admin: string;
  /** How long to serve on after SIGTERM, so that no call is lost. */
  readonly drainSeconds: number;
  /** Default: one JSON object a line on standard output. */
  readonly log?: Logger;
}

/** A webhook that serves. */
export interface RunningWebhook extends Service {
  /** The ports it was given, or found free where it was given 0. */
  readonly ports: { readonly listen: number; readonly admin: number };
}

/**
 * What may wait: the API server pools 25 connections, and at 80 microseconds a review 256 of them are
 * 20 ms of work; larger ones are bounded by what they weigh.
 */
const MOST_REQUESTS = 256;
const MOST_BYTES = 64 * 1024 * 1024;

/** Starts the webhook. Throws WrongCall when a flag, the configuration or the pair is no good. */
export async function startWebhook(options: WebhookOptions): Promise<RunningWebhook> {
  const { log = programLog('webhook') } = options;
  const listen = parseAddress('--listen', options.listen);
  const admin = parseAddress('--admin', options.admin);

  const clients = clientsOf(options);

  const config = await LastGood.loadForStart({
    ...webhookDirectory(options.config),
    onSwap: () => log.info('configuration changed'),
    onProblem: (problems) =>
      log.error({ problems }, 'configuration broken; the last good one stays'),
  });
  const lifter = lifterOf(options, log);
  const registry = serviceRegistry('webhook', config.value.cluster);
  configurationMetrics(registry, () => config);
  const metrics = admissionMetrics(registry);
  const callers = new Callers();
  const bound = new Bound({
    requests: MOST_REQUESTS,
    bytes: MOST_BYTES,
    onShed: () => metrics.shed(),
    callers,
  });
  metrics.countInFlight(() => bound.inFlight);
  const app = webhookApp({
    bound: bound.handler,
    settings: () => config.value,
    cannotLift: () => (lifter === undefined ? NO_LIFTER : lifter.cannotLift()),
    metrics,
    log,
  });

  let stopping = false;
  const server = await startTlsServer({
    tlsDir: options.tlsDir,
    ...(clients !== undefined && { clients }),
    callers,
    address: listen,
    listener: app,
    registry,
    log,
  });
  const adminServer = await RunningServer.http(
    admin,
    adminApp(registry, [
      { name: 'not-stopping', missing: () => (stopping ? 'the program is stopping' : undefined) },
      { name: 'configuration', missing: () => undefined, remark: () => brokenReading(config) },
      server.check,
    ]),
  );
  void config.follow();
  void lifter?.run();
  const ports = { listen: server.port, admin: adminServer.port };
  log.info({ port: ports.listen, admin: ports.admin, mode: config.value.mode }, 'serving');

  return {
    ports,
    async stop() {
      stopping = true;
      config.stop();
      lifter?.stop();
      await server.stop(options.drainSeconds);
      await adminServer.stop(0);
    },
  };
}

const NO_LIFTER = 'the webhook was not told who lifts gates (--lifter)';

function lifterOf({ lifter, lifterCa, tlsDir }: WebhookOptions, log: Logger) {
  if (lifter === undefined) {
    if (lifterCa === undefined) return undefined;
    throw new WrongCall('--lifter-ca: nobody is asked; add --lifter https://NAME:PORT');
  }
  return new LifterWord({ url: lifter, authorityPath: lifterCa ?? join(tlsDir, 'ca.crt'), log });
}

/** Who may ask. Throws WrongCall when the flags do not go together. */
function clientsOf({ clientCa, clientName }: WebhookOptions): ClientOptions | undefined {
  if (clientCa !== undefined) {
    return { authorityPath: clientCa, ...(clientName !== undefined && { name: clientName }) };
  }
  if (clientName === undefined) return undefined;
  throw new WrongCall('--client-name: nobody is asked for a name; add --client-ca FILE');
}
