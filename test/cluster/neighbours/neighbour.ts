import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ApiextensionsV1Api } from '@kubernetes/client-node';
import { parse, stringify } from 'yaml';
import { makeCertificates } from '../../../certs/make-once.ts';
import { Applier } from '../apply.ts';
import type { Bed } from '../bed.ts';
import type { Child } from '../child.ts';
import { freePorts } from '../control-plane.ts';
import { eventually } from '../eventually.ts';
import { builtPrograms } from '../go-program.ts';
import { objectsIn, type Rendered, Renderers } from '../render.ts';
import type { Controller } from './controllers.ts';

const CLUSTER_TESTS = join(import.meta.dirname, '..');
/** What has no place on loopback: there are no images, no Services and no aggregated API servers. */
const NOT_HERE = ['Deployment', 'Service', 'APIService', 'Secret', 'PodDisruptionBudget'];
/** Makes a webhook configuration of ours come before theirs: the API server calls them in the order of their names. */
const BEHIND_OURS = 'zz-';

/** A controller of others on a bed: its real program and manifests, in the name of its own account. */
export class Neighbour {
  readonly #bed: Bed;
  readonly #child: Child;
  readonly #installed: readonly Rendered[];

  private constructor(bed: Bed, child: Child, installed: readonly Rendered[]) {
    this.#bed = bed;
    this.#child = child;
    this.#installed = installed;
  }

  /** Builds, installs and starts it; resolves when it serves. */
  static async install(bed: Bed, controller: Controller): Promise<Neighbour> {
    const { name, version, modFile } = controller;
    const directory = join(bed.directory, name);
    await mkdir(directory);
    const program = { name, package: controller.package, modFile, directory: name };
    const why = `of ${name} ${version}; the first time takes a few minutes`;
    const paths = await builtPrograms([program], why, { say: (line) => console.log(line) });
    const shipped = await shippedManifests(controller);
    const [webhookPort = 0, healthPort = 0, metricsPort = 0] = await freePorts(3);

    const now = new Date();
    await makeCertificates({ tlsDir: directory, hosts: ['127.0.0.1', 'localhost'], now });
    const caBundle = (await readFile(join(directory, 'ca.crt'))).toString('base64');
    const installed = shipped
      .filter(({ kind }) => !NOT_HERE.includes(kind))
      .map((object) => onLoopback(object, webhookPort, caBundle));
    await new Applier(bed.admin).apply(textOf(installed));
    await areServed(bed, installed);

    const configPath = join(directory, 'config.yaml');
    const ports = { webhookPort, healthPort };
    await writeFile(configPath, stringify(configurationOf(shipped, ports, directory)));
    const child = bed.plane.start(name, 'env', [
      ...(controller.environment ?? []),
      ...(await ownEtc(controller, directory)),
      paths[name] ?? '',
      ...controller.flags({
        configPath,
        kubeconfigPath: await kubeconfigOf(bed, shipped, directory),
        certificatesPath: directory,
        webhookPort,
        healthPort,
        metricsPort,
      }),
    ]);
    const neighbour = new Neighbour(bed, child, installed);
    const { readyPath } = controller;
    if (readyPath !== undefined) {
      const url = `http://127.0.0.1:${healthPort}${readyPath}`;
      await eventually(`${name} to be ready`, () => neighbour.#answers(url), {
        timeoutSeconds: 60,
      });
    }
    return neighbour;
  }

  /** Applies objects of its kinds; retries while its webhooks are not reached yet. */
  async apply(...objects: readonly object[]): Promise<void> {
    await new Applier(this.#bed.admin).apply(textOf(objects));
  }

  /** From now on the API server calls what changes objects here after ours, and not before. */
  async goBehindOurs(): Promise<void> {
    const applier = new Applier(this.#bed.admin);
    const before = this.#installed.filter(({ kind }) => kind === 'MutatingWebhookConfiguration');
    await applier.remove(textOf(before));
    await applier.apply(
      textOf(
        before.map((object) => ({
          ...object,
          metadata: { ...object.metadata, name: `${BEHIND_OURS}${object.metadata.name}` },
        })),
      ),
    );
  }

  async #answers(url: string): Promise<boolean> {
    if (!this.#child.isRunning) {
      throw new Error(`${this.#child.name} has ended:\n${await this.#child.lastWords()}`);
    }
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  }
}

/** Waits until the API server serves their kinds: some controllers end where it does not. */
async function areServed({ admin }: Bed, objects: readonly Rendered[]): Promise<void> {
  const api = admin.makeApiClient(ApiextensionsV1Api);
  for (const { kind, metadata } of objects) {
    if (kind !== 'CustomResourceDefinition') continue;
    await eventually(`${metadata.name} to be served`, async () => {
      const { status } = await api.readCustomResourceDefinition({ name: metadata.name });
      const { conditions = [] } = status ?? {};
      return conditions.some(({ type, status }) => type === 'Established' && status === 'True');
    });
  }
}

async function shippedManifests({
  module,
  modFile,
  manifests,
}: Controller): Promise<readonly Rendered[]> {
  const args = ['list', `-modfile=${modFile}`, '-m', '-f={{.Dir}}', module];
  const { stdout } = await promisify(execFile)('go', args, { cwd: CLUSTER_TESTS });
  const path = join(stdout.trim(), manifests);
  if (path.endsWith('.yaml')) return objectsIn(await readFile(path, 'utf8'));
  return objectsIn(await (await Renderers.ready()).built(path));
}

/** The same object where whatever calls its webhooks finds them; also those that convert objects of a kind. */
function onLoopback(object: Rendered, port: number, caBundle: string): Rendered {
  return JSON.parse(JSON.stringify(object), (key, value) =>
    key === 'clientConfig' && value.service !== undefined
      ? { url: `https://127.0.0.1:${port}${value.service.path ?? ''}`, caBundle }
      : value,
  );
}

function textOf(objects: readonly object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

/** Its configuration as shipped, but for addresses, certificates and a Lease that nobody else wants. */
function configurationOf(
  shipped: readonly Rendered[],
  { webhookPort, healthPort }: { webhookPort: number; healthPort: number },
  certDir: string,
): object {
  const [text = ''] = shipped.flatMap(({ kind, data }) =>
    kind === 'ConfigMap' ? Object.values(data as Readonly<Record<string, string>>) : [],
  );
  return {
    ...parse(text),
    internalCertManagement: { enable: false },
    leaderElection: { leaderElect: false },
    health: { healthProbeBindAddress: `127.0.0.1:${healthPort}` },
    metrics: { bindAddress: '0' },
    webhook: { host: '127.0.0.1', port: webhookPort, certDir },
  };
}

/** What a command begins with whose /etc has nothing but the certificates that the controller looks for there. */
async function ownEtc(
  { certificatesIn }: Controller,
  directory: string,
): Promise<readonly string[]> {
  if (certificatesIn === undefined) return [];
  const etc = join(directory, 'etc');
  await mkdir(join(etc, certificatesIn), { recursive: true });
  for (const file of ['tls.crt', 'tls.key']) {
    await copyFile(join(directory, file), join(etc, certificatesIn, file));
  }
  const script = 'mount --bind "$0" /etc && exec "$@"';
  return ['unshare', '--map-root-user', '--mount', 'sh', '-c', script, etc];
}

/** In the name of its own account, with the rights that its manifests give it. */
async function kubeconfigOf(
  bed: Bed,
  shipped: readonly Rendered[],
  directory: string,
): Promise<string> {
  const { metadata } = shipped.find(({ kind }) => kind === 'ServiceAccount') ?? {};
  const config = parse(await readFile(bed.plane.kubeconfigPath('admin'), 'utf8'));
  Object.assign(config.users[0].user, {
    as: `system:serviceaccount:${metadata?.namespace ?? 'default'}:${metadata?.name}`,
    'as-groups': ['system:serviceaccounts', 'system:authenticated'],
  });
  const path = join(directory, 'kubeconfig');
  await writeFile(path, stringify(config), { mode: 0o600 });
  return path;
}
