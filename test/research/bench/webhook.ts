import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CoreV1Api, type KubernetesObject, KubernetesObjectApi } from '@kubernetes/client-node';
import { makeCertificates } from '../../../certs/make-once.ts';
import { parseStrictYaml } from '../../../certs/serving/strict-yaml.ts';
import { tableText } from '../../../extender/commands/terminal/table.ts';
import { mutatingAdmissionPolicies } from '../../../webhook/registration/admission-policy.ts';
import { mutatingWebhookConfiguration } from '../../../webhook/registration/registration.ts';
import { INJECT, MANAGED } from '../../../webhook/words/keys.ts';
import { devicePatterns, profilesSchema } from '../../../webhook/words/profile.ts';
import { bytesInWords } from '../../../webhook/words/quantity.ts';
import type { Child } from '../../cluster/child.ts';
import { type ControlPlane, freePorts } from '../../cluster/control-plane.ts';
import { eventually } from '../../cluster/eventually.ts';
import { RawClient } from '../../cluster/raw.ts';
import { makePod } from '../../make/pod.ts';
import { makeReview } from '../../make/review.ts';
import { goOpponent } from './go-opponent.ts';
import { onPlane } from './on-plane.ts';
import { median, openLoop, quantile } from './open-loop.ts';
import { usageOf } from './process-usage.ts';

const ROOT = join(import.meta.dirname, '../../..');
const OPPONENTS = join(import.meta.dirname, 'opponents');
/** Small enough that five rounds take two minutes, large enough that a round takes half a second. */
const PODS_A_ROUND = 300;
const ROUNDS = 5;
const AT_ONCE = 16;
const REQUESTS_PER_SECOND = 500;
const SECONDS = 10;

/** A way to admit pods, each with a namespace of its own that only it looks at. */
const WAYS = ['nothing', 'go', 'policy', 'surefoot'] as const;
type Way = (typeof WAYS)[number];

interface Servers {
  readonly tlsDir: string;
  readonly go: { readonly child: Child; readonly port: number };
  readonly bare: { readonly child: Child; readonly port: number };
  readonly surefoot: { readonly child: Child; readonly port: number };
}

/** Pod creation through a real API server, and direct load, of the webhook beside its opponents. */
export async function benchWebhook(output: 'table' | 'json'): Promise<void> {
  const say = (line: string) => console.error(line);
  await onPlane(say, async (plane, version) => {
    const servers = await startServers(plane);
    const admin = plane.kubeConfig('admin');
    const raw = await RawClient.for({ admin, directory: plane.directory });
    await register(plane, servers);
    const rates = await creationRates(plane, raw, say);
    const unmatched = await unmatchedRates(plane, raw, say);
    const direct = await directLoad(servers, say);
    const mixed = await mixedLoad(servers, say);
    const result = { version, rates, unmatched, direct, mixed };
    console.log(output === 'json' ? JSON.stringify(result, null, 2) : report(result));
  });
}

async function startServers(plane: ControlPlane): Promise<Servers> {
  const { directory } = plane;
  const tlsDir = join(directory, 'webhook-tls');
  await makeCertificates({ tlsDir, hosts: ['127.0.0.1', 'localhost'], now: new Date() });
  const config = join(directory, 'config');
  await mkdir(config);
  await cp(join(ROOT, 'manifests/base/config'), config, { recursive: true });
  const switchPath = join(config, 'surefoot.yaml');
  const installation = await readFile(switchPath, 'utf8');
  await writeFile(switchPath, installation.replace(/^mode: observe$/m, 'mode: act'));
  const goPath = await goOpponent('go-webhook', directory);
  const [go = 0, surefoot = 0, admin = 0] = await freePorts(3);
  const [certificate, key] = [join(tlsDir, 'tls.crt'), join(tlsDir, 'tls.key')];
  const goChild = plane.start('go-webhook', goPath, [
    ...[`--listen=127.0.0.1:${go}`, `--cert=${certificate}`, `--key=${key}`],
  ]);
  const bareChild = plane.start('bare-server', process.execPath, [
    ...[join(OPPONENTS, 'bare-server.ts'), certificate, key],
  ]);
  const ours = plane.start('surefoot-webhook', process.execPath, [
    ...[join(ROOT, 'extender/commands/surefoot.ts'), 'webhook', `--config=${config}`],
    ...[`--tls-dir=${tlsDir}`, `--listen=127.0.0.1:${surefoot}`, `--admin=127.0.0.1:${admin}`],
  ]);
  await eventually('our webhook to be ready', async () => {
    return (await fetch(`http://127.0.0.1:${admin}/readyz`)).ok;
  });
  const bare = await bareChild.servingPort();
  return {
    tlsDir,
    go: { child: goChild, port: go },
    bare: { child: bareChild, port: bare },
    surefoot: { child: ours, port: surefoot },
  };
}

/** The same entry with the same conditions for both webhooks, and the policy for the same profiles. */
async function register(plane: ControlPlane, { tlsDir, go, surefoot }: Servers): Promise<void> {
  const objects = KubernetesObjectApi.makeApiClient(plane.kubeConfig('admin'));
  const core = plane.kubeConfig('admin').makeApiClient(CoreV1Api);
  const text = await readFile(join(ROOT, 'manifests/base/config/profiles.yaml'), 'utf8');
  const parsed = parseStrictYaml('profiles.yaml', text, profilesSchema);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  const { profiles } = parsed.value;
  const caBundle = (await readFile(join(tlsDir, 'ca.crt'))).toString('base64');
  const registered = (port: number) =>
    mutatingWebhookConfiguration(devicePatterns(profiles), (path) => ({
      url: `https://127.0.0.1:${port}${path}`,
      caBundle,
    }));
  const forGo = withLabel(registered(go.port), 'go');
  await objects.create({ ...forGo, metadata: { name: 'zz-go' } } as KubernetesObject);
  await objects.create(registered(surefoot.port) as KubernetesObject);
  for (const object of mutatingAdmissionPolicies(profiles)) {
    await objects.create(withLabel(object, 'policy') as KubernetesObject);
  }
  const labels: Readonly<Record<Way, Record<string, string>>> = {
    nothing: {},
    go: { 'bench/way': 'go' },
    policy: { 'bench/way': 'policy' },
    surefoot: { [INJECT]: 'enabled' },
  };
  for (const way of WAYS) {
    await core.createNamespace({ body: { metadata: { name: way, labels: labels[way] } } });
    await eventually(`the service account of ${way}`, async () => {
      return (await core.listNamespacedServiceAccount({ namespace: way })).items.length > 0;
    });
  }
}

/** The same object for namespaces with this label of the bench instead of the opt-in label. */
function withLabel(object: object, way: string): object {
  const text = JSON.stringify(object).replaceAll(
    `{"key":"${INJECT}","operator":"In","values":["enabled"]}`,
    `{"key":"bench/way","operator":"In","values":["${way}"]}`,
  );
  return JSON.parse(text);
}

type Rates = Readonly<Record<Way, readonly number[]>>;

async function creationRates(
  plane: ControlPlane,
  raw: RawClient,
  say: (line: string) => void,
): Promise<Rates> {
  for (const way of WAYS) await isAtWork(raw, way);
  const rates: Record<Way, number[]> = { nothing: [], go: [], policy: [], surefoot: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    // Interleaved, and each round begins with another one.
    for (let turn = 0; turn < WAYS.length; turn += 1) {
      const way = WAYS[(round + turn) % WAYS.length] as Way;
      const rate = await createPods(plane, raw, way, gpuPod);
      // The first round warms connections and compilers.
      if (round > 0) rates[way].push(rate);
    }
    say(round === 0 ? 'warmed up' : `creation: round ${round} of ${ROUNDS}`);
  }
  return rates;
}

/** Pods that ask for no device, in a namespace that has opted in and in one that has not. */
async function unmatchedRates(
  plane: ControlPlane,
  raw: RawClient,
  say: (line: string) => void,
): Promise<Readonly<Record<'nothing' | 'surefoot', readonly number[]>>> {
  const rates = { nothing: [] as number[], surefoot: [] as number[] };
  for (let round = 1; round <= 2 * ROUNDS; round += 1) {
    const order =
      round % 2 === 0 ? (['nothing', 'surefoot'] as const) : (['surefoot', 'nothing'] as const);
    for (const way of order) rates[way].push(await createPods(plane, raw, way, plainPod));
  }
  say('creation: pods without devices');
  return rates;
}

async function isAtWork(raw: RawClient, way: Way): Promise<void> {
  await eventually(`${way} to be at work`, async () => {
    const { body } = await raw.create('pods', way, gpuPod(way, 'probe'), { dryRun: true });
    const isPrepared = body.spec?.terminationGracePeriodSeconds === 60;
    const isMarked = body.metadata?.labels?.[MANAGED] === 'true';
    return way === 'nothing' ? !isPrepared : isPrepared && (way === 'go' || isMarked);
  });
}

/** Pods created a second, `AT_ONCE` at once. They wait for a scheduler that does not exist, and go. */
async function createPods(
  plane: ControlPlane,
  raw: RawClient,
  namespace: Way,
  podOf: (namespace: string, name: string) => object,
): Promise<number> {
  let next = 0;
  const begun = performance.now();
  const lane = async () => {
    while (next < PODS_A_ROUND) {
      next += 1;
      const { status, body } = await raw.create('pods', namespace, podOf(namespace, `p-${next}`));
      if (status !== 201) throw new Error(`${namespace}: ${JSON.stringify(body)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const rate = PODS_A_ROUND / ((performance.now() - begun) / 1000);
  const core = plane.kubeConfig('admin').makeApiClient(CoreV1Api);
  await core.deleteCollectionNamespacedPod({ namespace, gracePeriodSeconds: 0 });
  await eventually('the pods to be gone', async () => {
    return (await core.listNamespacedPod({ namespace, limit: 1 })).items.length === 0;
  });
  return rate;
}

function gpuPod(namespace: string, name: string): object {
  return makePod({ metadata: { namespace, name }, spec: { schedulerName: 'nobody' } });
}

function plainPod(namespace: string, name: string): object {
  return makePod({
    metadata: { namespace, name },
    container: { resources: {} },
    spec: { schedulerName: 'nobody' },
  });
}

interface Direct {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMicrosARequest: number;
  readonly residentBytes: number;
  readonly failed: number;
}

type DirectName = 'bare' | 'go' | 'surefoot';
const DIRECT: readonly DirectName[] = ['bare', 'go', 'surefoot'];

async function directLoad(
  servers: Servers,
  say: (line: string) => void,
): Promise<Readonly<Record<DirectName, Direct>>> {
  const body = Buffer.from(JSON.stringify(makeReview({}, largerPod(0))));
  const results: Partial<Record<DirectName, Direct>> = {};
  // Twice, and the second one counts: the first warms up.
  for (const name of [...DIRECT, ...DIRECT]) {
    const { child, port } = servers[name];
    const before = await usageOf(child.pid ?? 0);
    const { latenciesMs, failed } = await openLoop({
      port,
      path: '/mutate',
      ca: await readFile(join(servers.tlsDir, 'ca.crt')),
      requestsPerSecond: REQUESTS_PER_SECOND,
      seconds: SECONDS,
      bodyOf: () => ({ body, name: 'all' }),
    });
    const after = await usageOf(child.pid ?? 0);
    const all = latenciesMs.get('all') ?? [];
    results[name] = {
      p50Ms: quantile(all, 0.5),
      p99Ms: quantile(all, 0.99),
      cpuMicrosARequest: ((after.cpuSeconds - before.cpuSeconds) * 1e6) / all.length,
      residentBytes: after.residentBytes,
      failed,
    };
    say(`direct load: ${name}`);
  }
  return results as Record<DirectName, Direct>;
}

/** Three in a hundred reviews are of 2 MB: what they do to the others (hazard 17). */
async function mixedLoad(servers: Servers, say: (line: string) => void) {
  const small = Buffer.from(JSON.stringify(makeReview({}, largerPod(0))));
  const large = Buffer.from(JSON.stringify(makeReview({}, largerPod(2_000_000))));
  const results: Record<
    string,
    { smallP95Ms: number; smallP99Ms: number; largeP99Ms: number; failed: number }
  > = {};
  for (const name of DIRECT) {
    const { latenciesMs, failed } = await openLoop({
      port: servers[name].port,
      path: '/mutate',
      ca: await readFile(join(servers.tlsDir, 'ca.crt')),
      requestsPerSecond: 100,
      seconds: SECONDS,
      bodyOf: (n) =>
        n % 33 === 0 ? { body: large, name: 'large' } : { body: small, name: 'small' },
    });
    results[name] = {
      smallP95Ms: quantile(latenciesMs.get('small') ?? [], 0.95),
      smallP99Ms: quantile(latenciesMs.get('small') ?? [], 0.99),
      largeP99Ms: quantile(latenciesMs.get('large') ?? [], 0.99),
      failed,
    };
    say(`mixed load: ${name}`);
  }
  return results;
}

/** A review of about 4 KB as the API server sends it, and as much more in an annotation. */
function largerPod(moreBytes: number) {
  return makePod({
    metadata: { annotations: { padding: 'x'.repeat(3000 + moreBytes) } },
    spec: { tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoSchedule' }] },
  });
}

function report({
  version,
  rates,
  unmatched,
  direct,
  mixed,
}: {
  version: string;
  rates: Rates;
  unmatched: Readonly<Record<'nothing' | 'surefoot', readonly number[]>>;
  direct: Readonly<Record<DirectName, Direct>>;
  mixed: Awaited<ReturnType<typeof mixedLoad>>;
}): string {
  const round = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(' ');
  const ratio = (a: readonly number[], b: readonly number[]) =>
    median(a.map((value, index) => value / (b[index] as number))).toFixed(2);
  const creation = WAYS.map((way) => [way, round(rates[way]), median(rates[way]).toFixed(0)]);
  const directRows = DIRECT.map((name) => {
    const { p50Ms, p99Ms, cpuMicrosARequest, residentBytes, failed } = direct[name];
    const numbers = [p50Ms.toFixed(2), p99Ms.toFixed(2), cpuMicrosARequest.toFixed(0)];
    return [name, ...numbers, bytesInWords(residentBytes), String(failed)];
  });
  const mixedRows = Object.entries(mixed).map(([name, one]) => [
    name,
    one.smallP95Ms.toFixed(1),
    one.smallP99Ms.toFixed(1),
    one.largeP99Ms.toFixed(1),
    String(one.failed),
  ]);
  return [
    `Kubernetes ${version}; pods created a second, ${PODS_A_ROUND} a round, ${AT_ONCE} at once`,
    tableText([['', `${ROUNDS} ROUNDS`, 'MEDIAN'], ...creation]),
    `surefoot / policy ${ratio(rates.surefoot, rates.policy)} (goal 1.2), surefoot / go ${ratio(rates.surefoot, rates.go)} (goal 0.9)`,
    `pods without devices: opted in / not ${ratio(unmatched.surefoot, unmatched.nothing)} (goal 0.97)`,
    '',
    `Reviews of 4 KB, ${REQUESTS_PER_SECOND} a second for ${SECONDS} s, open loop`,
    tableText([['', 'P50 MS', 'P99 MS', 'CPU MICROS', 'RESIDENT', 'FAILED'], ...directRows]),
    '',
    `100 a second for ${SECONDS} s, 3 in 100 of them of 2 MB`,
    tableText([['', 'SMALL P95 MS', 'SMALL P99 MS', 'LARGE P99 MS', 'FAILED'], ...mixedRows]),
  ].join('\n');
}
