import type { KubeConfig } from '@kubernetes/client-node';
import { Registry } from 'prom-client';
import { ApiObjects } from '../../certs/cluster/api-objects.ts';
import { PODS } from '../../certs/cluster/collections.ts';
import { adminApp, type ReadinessCheck } from '../../certs/serving/admin.ts';
import { Bound } from '../../certs/serving/bound.ts';
import { Callers } from '../../certs/serving/connections.ts';
import { RunningServer } from '../../certs/serving/http.ts';
import { brokenReading } from '../../certs/serving/service-metrics.ts';
import { startTlsServer, type TlsServer } from '../../certs/serving/tls-server.ts';
import type { ObjectMeta } from '../../webhook/words/pod.ts';
import { gatesApp } from '../gates/server.ts';
import { type PageDeps, pageApp } from '../page/api.ts';
import { preparedIn } from '../page/prepared.ts';
import { shownSignals } from '../page/shown.ts';
import { extenderApp } from '../prioritize/server.ts';
import { about, health } from './about.ts';
import { certificateEnd } from './certificate.ts';
import type { Context } from './context.ts';
import type { Doors, ExtenderOptions } from './options.ts';
import type { Program } from './program.ts';
import { storedForm } from './stored-form.ts';

/** What may wait: a scheduler asks about one pod at a time, and a cluster has a handful of schedulers. */
const MOST_QUESTIONS = 64;
const MOST_QUESTION_BYTES = 64 * 2 ** 20;

/** The servers of an extender. */
export interface Servers {
  readonly questions: Pick<RunningServer, 'port' | 'stop'>;
  readonly admin: RunningServer;
  readonly page: RunningServer;
  readonly gates?: TlsServer;
}

/** Starts all servers; `isStopping` makes `/readyz` say so. */
export async function startServers(
  options: ExtenderOptions,
  doors: Doors,
  context: Context,
  program: Program,
  isStopping: () => boolean,
): Promise<Servers> {
  const checks = checksOf(program, context);
  const missing = () => checks.map((check) => check.missing()).find((why) => why !== undefined);
  const questions = await questionServer(options, doors, context, program, missing);
  const gates = await gatesServer(options, doors, context, program);
  const admin = await RunningServer.http(
    doors.admin,
    adminApp(context.registry, [
      {
        name: 'not-stopping',
        missing: () => (isStopping() ? 'the program is stopping' : undefined),
      },
      {
        name: 'configuration',
        missing: () => undefined,
        remark: () => brokenReading(context.config),
      },
      ...checks,
      ...('check' in questions ? [questions.check as ReadinessCheck] : []),
      ...(gates === undefined ? [] : [{ ...gates.check, name: 'gates-pair' }]),
    ]),
  );
  const page = await RunningServer.http(doors.page, pageOf(options, context, program));
  return { questions, admin, page, ...(gates !== undefined && { gates }) };
}

/** `GET /gates`, over HTTPS. */
async function gatesServer(
  { tlsDir }: ExtenderOptions,
  { gates }: Doors,
  { registry, log }: Context,
  { gates: { canLift } }: Program,
): Promise<TlsServer | undefined> {
  if (gates === undefined) return undefined;
  return startTlsServer({
    tlsDir: gates.tlsDir,
    address: gates.address,
    listener: gatesApp(
      () => canLift.cannot(),
      () => new Date(),
    ),
    // Where questions come over HTTPS, too, that server shows when the pair expires.
    registry: tlsDir === undefined ? registry : new Registry(),
    log,
  });
}

function checksOf(
  { leader, placements, watches, prometheus }: Program,
  { nowSeconds }: Context,
): readonly ReadinessCheck[] {
  return [
    { name: 'history-loaded', missing: () => leader.missing(), remark: () => leader.remark() },
    { name: 'asked', missing: () => undefined, remark: () => placements.alarm(nowSeconds()) },
    ...watches.checks,
    {
      name: 'kinds-allowed',
      missing: () => undefined,
      remark: () => refusedInWords(watches.refused()),
    },
    {
      name: 'prometheus',
      missing: () => undefined,
      remark: () => prometheus.state?.problems.join('; ') || undefined,
    },
  ];
}

function refusedInWords(kinds: readonly string[]): string | undefined {
  return kinds.length === 0
    ? undefined
    : `we may not list ${kinds.join(', ')} (403), so rows of the catalogue about them never match; grant get, list and watch`;
}

/** `POST /prioritize`, over HTTPS where there is a serving pair. */
async function questionServer(
  { tlsDir }: ExtenderOptions,
  { listen, clients }: Doors,
  { metrics, registry, nowSeconds, log }: Context,
  { engine, decisions, placements }: Program,
  missing: () => string | undefined,
) {
  const callers = new Callers();
  const bound = new Bound({
    requests: MOST_QUESTIONS,
    bytes: MOST_QUESTION_BYTES,
    onShed: () => metrics.shed(),
    callers,
  });
  const app = extenderApp({
    bound: bound.handler,
    nodes: engine.cluster.index,
    prioritize: (question) => engine.prioritize(question, nowSeconds()),
    missing,
    decisions,
    onAsked: (pod, scheduler) => placements.asked(pod, scheduler, nowSeconds()),
    metrics,
    log,
  });
  if (tlsDir === undefined) return RunningServer.http(listen, app, callers);
  return startTlsServer({
    tlsDir,
    ...(clients !== undefined && { clients }),
    callers,
    address: listen,
    listener: app,
    registry,
    log,
  });
}

/** Asks for one object of a list: the right to list is there, and none to get. */
function writtenOn(kubeConfig: KubeConfig): PageDeps['wroteOn'] {
  return async (pod) => {
    const [namespace = '', name = ''] = pod.split('/');
    const api = new ApiObjects<{ readonly metadata: ObjectMeta }>(kubeConfig, {
      ...PODS,
      namespace,
    });
    const found = await api.list({ fieldSelector: `metadata.name=${name}` }).catch(() => []);
    const one = found.find(({ metadata }) => metadata.name === name);
    return one && preparedIn(one.metadata);
  };
}

function pageOf(options: ExtenderOptions, context: Context, program: Program) {
  const { catalogue, nowSeconds } = context;
  // A built-in fleet has no Leases.
  const certificateEnds =
    options.history === 'cluster' ? certificateEnd(context.kubeConfig) : async () => undefined;
  const { engine, unmapped, watchGaps, watches, decisions, book, live, prometheus } = program;
  return pageApp({
    signals: () =>
      shownSignals({
        catalogue: catalogue(),
        keepsHistory: engine.ingest.isLeader,
        sightings: engine.ingest.sightings(),
        unmapped: unmapped.list(),
        gaps: watchGaps.list(),
        refused: watches.refused(),
        prometheus: prometheus.state,
      }),
    about: () => about(program, context, certificateEnds),
    health: () => health(program, context, certificateEnds),
    cluster: () => context.config.value.cluster,
    placements: () => book.days(),
    storedForm,
    decisions,
    snapshot: () => engine.snapshot(nowSeconds()),
    live,
    wroteOn: writtenOn(context.kubeConfig),
    ...(options.controls !== undefined && { controls: options.controls }),
  });
}
