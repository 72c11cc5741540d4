import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import { briefly, httpStatusOf } from './cluster/api-error.ts';
import { CERTS_LEASE, certificateEndAnnotation } from './cluster/certificate-end.ts';
import { type ApiOptions, loadKubeConfig, namespaceOf } from './cluster/kube-config.ts';
import { LeaderElector, replicaIdentity } from './cluster/lease.ts';
import { leaseApi } from './cluster/lease-api.ts';
import {
  type RenewalAction,
  type RenewalStatus,
  Renewer,
  type RenewerOptions,
} from './renewal/renewer.ts';
import { serversNotServing } from './renewal/shown.ts';
import { certificateStore } from './renewal/store.ts';
import { parseAddress } from './serving/address.ts';
import { adminApp } from './serving/admin.ts';
import { RunningServer } from './serving/http.ts';
import { type Service, WrongCall } from './serving/lifecycle.ts';
import { programLog } from './serving/program-log.ts';
import { serviceRegistry } from './serving/service-metrics.ts';

export interface CertsOptions extends ApiOptions, RenewerOptions {
  /** `NAMESPACE/NAME` of the Secret; NAME alone: in our own namespace. */
  readonly secret: string;
  /** Name of the MutatingWebhookConfiguration. */
  readonly webhook: string;
  /** `HOST:PORT` of whoever serves the pair; a name stands for all its addresses. */
  readonly servers: readonly string[];
  readonly admin: string;
  /** Default: one JSON object a line on standard output. */
  readonly log?: Logger;
}

export interface RunningCerts extends Service {
  readonly ports: { readonly admin: number };
}

/**
 * How often all is looked at. A bundle that somebody has wiped fails every call, so it is seconds, and two
 * small reads; a watch would have to be looked after and saves nothing.
 */
const ROUND_MS = 3000;

/** Starts the program that keeps TLS going. Throws WrongCall when a flag or the kubeconfig is no good. */
export async function startCerts(options: CertsOptions): Promise<RunningCerts> {
  const { log = programLog('certs') } = options;
  const admin = parseAddress('--admin', options.admin);
  const servers = options.servers.map((server) => parseAddress('--server', server));
  const kubeConfig = loadKubeConfig(options);
  const { namespace, secret } = secretName(options.secret, namespaceOf(kubeConfig));
  const registry = serviceRegistry('certs');
  const metrics = certsMetrics(registry, () => status);
  let status: RenewalStatus | undefined;
  let problem: string | undefined;
  const renewer = new Renewer({
    store: certificateStore(kubeConfig, {
      namespace,
      secret,
      webhookConfiguration: options.webhook,
    }),
    options,
    serversNotServing: (certificate) => serversNotServing(certificate, servers),
    onAction: metrics.action,
    log,
  });
  const leader = new LeaderElector({
    api: leaseApi(kubeConfig, namespace, CERTS_LEASE, () =>
      certificateEndAnnotation(status?.pairEndsAt),
    ),
    identity: replicaIdentity(),
    duty: 'renewing the certificates',
    log,
    onLead() {},
    onLost() {},
  });

  const stopped = new AbortController();
  async function rounds(): Promise<void> {
    while (!stopped.signal.aborted) {
      if (leader.isLeading) await oneRound();
      else {
        status = undefined;
        problem = undefined;
      }
      await sleep(ROUND_MS, undefined, { signal: stopped.signal }).catch(() => {});
    }
  }
  async function oneRound(): Promise<void> {
    try {
      status = await renewer.round();
      say(status.missing);
    } catch (error) {
      // Another writer was quicker: the next round begins from what it has written.
      if (httpStatusOf(error) === 409) return;
      metrics.failed();
      say(sentenceOf(error));
    }
  }
  function say(words: string | undefined): void {
    if (words !== undefined && words !== problem) log.error(words);
    problem = words;
  }

  let stopping = false;
  const adminServer = await RunningServer.http(
    admin,
    adminApp(registry, [
      { name: 'not-stopping', missing: () => (stopping ? 'the program is stopping' : undefined) },
      {
        name: 'certificates',
        missing: () => problem,
        remark: () => status?.waitsFor ?? (leader.isLeading ? undefined : 'another replica leads'),
      },
    ]),
  );
  const leading = leader.run();
  const renewing = rounds();
  log.info({ admin: adminServer.port, secret: `${namespace}/${secret}` }, 'serving');

  return {
    ports: { admin: adminServer.port },
    async stop() {
      stopping = true;
      stopped.abort();
      leader.stop();
      await Promise.all([leading, renewing]);
      await adminServer.stop(0);
    },
  };
}

function secretName(text: string, ownNamespace: string): { namespace: string; secret: string } {
  const parts = text.split('/');
  if (parts.length > 2 || parts.some((part) => part === '')) {
    throw new WrongCall(
      `--secret: "${text}" is not NAMESPACE/NAME, such as surefoot-system/surefoot-webhook-tls`,
    );
  }
  const [namespace, secret] = parts.length === 2 ? parts : [ownNamespace, text];
  return { namespace: namespace as string, secret: secret as string };
}

/** What the certificates program counts, and shows of how things stand. */
export function certsMetrics(registry: Registry, status: () => RenewalStatus | undefined) {
  const registers = [registry];
  const actions = new Counter({
    name: 'surefoot_certificate_steps_total',
    help: 'Steps of renewals that were taken.',
    labelNames: ['step'],
    registers,
  });
  for (const step of ['new authority', 'new pair', 'trust only', 'publish'])
    actions.inc({ step }, 0);
  const failures = new Counter({
    name: 'surefoot_certificate_failures_total',
    help: 'Rounds that failed; the next one begins anew.',
    registers,
  });
  const gauge = (
    name: string,
    help: string,
    value: (status: RenewalStatus) => number | undefined,
  ) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        // Not reset(), which leaves a 0 there: as if all had expired in 1970.
        this.remove();
        const of = status();
        const now = of === undefined ? undefined : value(of);
        if (now !== undefined) this.set(now);
      },
    });
  const seconds = (at: Date | undefined) => (at === undefined ? undefined : at.getTime() / 1000);
  gauge(
    'surefoot_certificate_authority_expiry_timestamp_seconds',
    'When the authority that signs expires, in seconds since 1970.',
    ({ authorityEndsAt }) => seconds(authorityEndsAt),
  );
  gauge(
    'surefoot_certificate_expiry_timestamp_seconds',
    'When the serving certificate that is kept expires, in seconds since 1970.',
    ({ pairEndsAt }) => seconds(pairEndsAt),
  );
  gauge(
    'surefoot_certificate_authorities',
    'Authorities in the bundle: more than one while they are replaced.',
    ({ authorities }) => authorities,
  );
  return {
    action: (step: RenewalAction) => actions.inc({ step }),
    failed: () => failures.inc(),
  };
}

function sentenceOf(error: unknown): string {
  switch (httpStatusOf(error)) {
    case 401:
      return 'the API server does not know us (401); check the service account, or --kubeconfig';
    case 403:
      return 'we may not read or write what we keep (403); apply the manifests, whose Role and ClusterRole surefoot-certs say what is needed';
    default:
      return `the API server could not be asked (${briefly(error)}); the serving pair in use stays, and it is tried again in ${ROUND_MS / 1000} s`;
  }
}
