import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CoreV1Api,
  type KubernetesObject,
  KubernetesObjectApi,
  loadAllYaml,
  PatchStrategy,
  setHeaderOptions,
  type V1Deployment,
} from '@kubernetes/client-node';
import { parse, stringify } from 'yaml';
import { build } from '../../build.ts';
import { manifestText } from '../../extender/commands/actions/manifests.ts';
import type { ShownDecision, ShownNode, ShownSignals } from '../../extender/page/shapes.ts';
import type { Mode } from '../../webhook/words/mode.ts';
import { asTheImage } from '../image-settings.ts';
import type { Child } from './child.ts';
import { type ControlPlane, freePorts } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { SecretMount } from './secret-mount.ts';

const ROOT = join(import.meta.dirname, '../..');
const MANIFESTS = join(ROOT, 'manifests');
const WAIT_FOR_HOME = join(MANIFESTS, 'components/wait-for-home');
const RELEASE = join(MANIFESTS, 'components/release');
const NAMESPACE = 'surefoot-system';
const SECRET = 'surefoot-webhook-tls';

/** Where an extender is reached. */
export interface ReplicaPorts {
  readonly listen: number;
  readonly admin: number;
  readonly page: number;
}

/** One more extender. */
export interface Replica {
  readonly ports: ReplicaPorts;
  readonly pid: number | undefined;
  kill(): Promise<void>;
  stop(): Promise<void>;
  readonly pageUrl: string;
  readonly askUrl: string;
  readonly adminUrl: string;
}

const EXECUTABLE = join(ROOT, 'extender/commands/surefoot.ts');

/** What is in force of the program that reads each of these files. */
type Configurations = Readonly<Record<'webhook.yaml' | 'extender.yaml', string>>;

/** A program that releases pods. */
export interface RunningRelease {
  readonly adminUrl: string;
  /** What it shows of itself. */
  metrics(): Promise<string>;
  /** Replaces release.yaml, but for its head. */
  setRules(rules: object): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** One more webhook. */
export interface WebhookReplica {
  readonly port: number;
  readonly adminPort: number;
  stop(): Promise<void>;
}

/** Surefoot on a control plane: the real programs, from the manifests in this repository. */
export class Installation {
  readonly #plane: ControlPlane;
  readonly #ports: Record<
    'webhook' | 'webhookAdmin' | 'extenderAdmin' | 'page' | 'certsAdmin',
    number
  >;
  /** How a program of ours is run: from the sources, or as the image does. */
  #run: readonly [path: string, ...args: string[]] = [process.execPath, EXECUTABLE];
  #certs: Child | undefined;
  #mount: SecretMount | undefined;
  #gates = 0;
  #webhook: Child | undefined;
  #extender: Child | undefined;

  private constructor(plane: ControlPlane, ports: readonly number[]) {
    this.#plane = plane;
    const [webhook = 0, webhookAdmin = 0, extenderAdmin = 0, page = 0, certsAdmin = 0] = ports;
    this.#ports = { webhook, webhookAdmin, extenderAdmin, page, certsAdmin };
  }

  /** Applies the manifests, writes the configuration, starts the programs. */
  static async install(plane: ControlPlane, mode: Mode, profiles?: string): Promise<Installation> {
    const installation = new Installation(plane, await freePorts(5));
    await mkdir(installation.configDirectory, { recursive: true });
    await cp(join(MANIFESTS, 'base/config'), installation.configDirectory, { recursive: true });
    await installation.#writeMode(mode);
    if (profiles !== undefined) await installation.writeProfiles(profiles);
    await installation.#applyBase();
    await installation.#publishConfiguration();
    await installation.registerWebhook();
    await Promise.all([
      installation.startCerts().then(() => installation.startWebhook()),
      installation.startExtender(),
    ]);
    return installation;
  }

  get configDirectory(): string {
    return join(this.#plane.directory, 'config');
  }

  get pageUrl(): string {
    return `http://127.0.0.1:${this.#ports.page}`;
  }

  /** Sets the mode of both halves and waits until the running programs have taken it up. */
  async setMode(mode: Mode): Promise<void> {
    const before = await this.#configurations();
    await this.#writeMode(mode);
    await this.#inForceAfter(before);
  }

  /** Replaces profiles.yaml; the running programs take it up in a moment. */
  async writeProfiles(text: string): Promise<void> {
    await writeFile(join(this.configDirectory, 'profiles.yaml'), text);
  }

  /** Replaces profiles.yaml by what nobody can read; gives what brings the good one back. */
  async breakProfiles(text: string): Promise<() => Promise<void>> {
    const good = await readFile(join(this.configDirectory, 'profiles.yaml'), 'utf8');
    const replace = async (by: string) => {
      await this.writeProfiles(by);
      await this.#publishConfiguration();
    };
    await replace(text);
    return () => replace(good);
  }

  /** Replaces profiles.yaml and waits until it is in force. */
  async setProfiles(text: string): Promise<void> {
    const before = await this.#configurations();
    await this.writeProfiles(text);
    await this.#inForceAfter(before);
  }

  /** The files of a component of the manifests take the place of those of the base. */
  async useComponent(component: string): Promise<void> {
    const before = await this.#configurations();
    for (const name of ['webhook.yaml', 'extender.yaml']) {
      const path = join(MANIFESTS, 'components', component, name);
      await cp(path, join(this.configDirectory, name));
    }
    await this.#create(
      await readFile(join(MANIFESTS, 'components', component, 'rbac.yaml'), 'utf8'),
    );
    await this.#inForceAfter(before);
  }

  /**
   * Pods of slots may wait for their own node, for so long: the policy and the rights of the component wait-for-home,
   * and the flags that it gives both programs.
   */
  async waitForHome(wait: string): Promise<void> {
    await this.applyLifterPolicy();
    await this.#create(await readFile(join(WAIT_FOR_HOME, 'rbac.yaml'), 'utf8'));
    const profiles = parse(await readFile(join(this.configDirectory, 'profiles.yaml'), 'utf8'));
    for (const profile of profiles.profiles) profile.waitForHome = wait;
    await this.setProfiles(stringify(profiles));
    await this.#ownPod();
    const [gates = 0] = await freePorts(1);
    this.#gates = gates;
    await Promise.all([this.#extender?.stop(), this.#webhook?.stop()]);
    await this.startExtender(...this.gatesFlags(gates));
    await this.startWebhook(`--lifter=https://127.0.0.1:${gates}`);
  }

  /** The policy that leaves our account its gate and nominations of pods, and nothing else. */
  async applyLifterPolicy(): Promise<void> {
    await this.#create(await readFile(join(WAIT_FOR_HOME, 'policy.yaml'), 'utf8'));
  }

  /** Stands in for our own pods, which run nowhere here: the extender tries on one of them what it may not do. */
  async #ownPod(): Promise<void> {
    const core = this.#plane.kubeConfig('admin').makeApiClient(CoreV1Api);
    await core.createNamespacedPod({
      namespace: NAMESPACE,
      body: {
        metadata: { name: 'surefoot-extender' },
        spec: {
          schedulingGates: [{ name: 'bed.surefoot.dev/never' }],
          securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [
            {
              name: 'extender',
              image: 'surefoot',
              securityContext: {
                allowPrivilegeEscalation: false,
                capabilities: { drop: ['ALL'] },
              },
            },
          ],
        },
      },
    });
  }

  /** What tells an extender where to say whether it can lift gates. */
  gatesFlags(port = this.#gates): readonly string[] {
    return [`--gates=127.0.0.1:${port}`, `--gates-tls-dir=${this.tlsDirectory}`];
  }

  /** Sets one key of webhook.yaml and waits until it is in force. */
  setWebhook(key: string, value: unknown): Promise<void> {
    return this.#setKey('webhook.yaml', key, value);
  }

  /** Sets one key of extender.yaml and waits until it is in force. */
  setExtender(key: string, value: unknown): Promise<void> {
    return this.#setKey('extender.yaml', key, value);
  }

  /** Says in surefoot.yaml what the cluster is called. */
  async nameCluster(cluster: string): Promise<void> {
    await this.#writeKey('surefoot.yaml', 'cluster', cluster);
    await this.#publishConfiguration();
  }

  async #setKey(name: keyof Configurations, key: string, value: unknown): Promise<void> {
    const before = await this.#configurations();
    await this.#writeKey(name, key, value);
    await this.#inForceAfter({ [name]: before[name] });
  }

  async #writeKey(name: string, key: string, value: unknown): Promise<void> {
    const path = join(this.configDirectory, name);
    await writeFile(path, stringify({ ...parse(await readFile(path, 'utf8')), [key]: value }));
  }

  /** The program that keeps the serving pair, and what mounts it for the webhook. */
  async startCerts(...flags: readonly string[]): Promise<void> {
    const { webhook, certsAdmin: admin } = this.#ports;
    const child = this.#plane.start('surefoot-certs', process.execPath, [
      EXECUTABLE,
      'certs',
      `--kubeconfig=${this.#plane.kubeconfigPath('certs')}`,
      `--secret=${NAMESPACE}/${SECRET}`,
      '--host=127.0.0.1',
      `--server=127.0.0.1:${webhook}`,
      `--admin=127.0.0.1:${admin}`,
      ...flags,
    ]);
    this.#certs = child;
    this.#mount ??= new SecretMount(this.#plane.kubeConfig('admin'), {
      namespace: NAMESPACE,
      name: SECRET,
      keys: ['tls.crt', 'tls.key', 'ca.crt'],
      directory: this.tlsDirectory,
    });
    await eventually('the serving pair to be mounted', async () => {
      if (!child.isRunning) throw new Error(`it has ended:\n${await child.lastWords()}`);
      return access(join(this.tlsDirectory, '..data')).then(() => true);
    });
  }

  /** Ends the program that keeps the serving pair; nobody else misses it. */
  async stopCerts(): Promise<void> {
    await this.#certs?.stop();
  }

  /** What is not a child of the control plane. */
  async stop(): Promise<void> {
    await this.#mount?.stop();
  }

  /** How long the mounted pair lags behind its Secret. */
  set mountDelaySeconds(seconds: number) {
    if (this.#mount !== undefined) this.#mount.delaySeconds = seconds;
  }

  /** From now on webhook and extender run as the image runs them: the one file, Node's flags and variables. */
  async runAsTheImage(): Promise<void> {
    const directory = join(this.#plane.directory, 'dist');
    await build(directory);
    this.#run = ['env', ...(await asTheImage(join(directory, 'surefoot.mjs')))];
    await Promise.all([this.#webhook?.stop(), this.#extender?.stop()]);
    await Promise.all([this.startWebhook(), this.startExtender()]);
  }

  /** The process of a program, to look at what it takes. */
  pidOf(program: 'webhook' | 'extender'): number | undefined {
    return program === 'webhook' ? this.#webhook?.pid : this.#extender?.pid;
  }

  async startWebhook(...flags: readonly string[]): Promise<void> {
    const [path, ...args] = this.#run;
    this.#webhook = this.#plane.start('surefoot-webhook', path, [
      ...args,
      'webhook',
      `--config=${this.configDirectory}`,
      `--tls-dir=${this.tlsDirectory}`,
      `--listen=127.0.0.1:${this.#ports.webhook}`,
      `--admin=127.0.0.1:${this.#ports.webhookAdmin}`,
      '--drain=0',
      ...flags,
    ]);
    await this.#ready(this.#webhook, this.#ports.webhookAdmin);
  }

  /** Another webhook, ended by `stop` as a kubelet ends it: it drains. */
  async startWebhookReplica(executable = EXECUTABLE): Promise<WebhookReplica> {
    const [port = 0, adminPort = 0] = await freePorts(2);
    const child = this.#plane.start('surefoot-webhook', process.execPath, [
      executable,
      'webhook',
      `--config=${this.configDirectory}`,
      `--tls-dir=${this.tlsDirectory}`,
      `--listen=127.0.0.1:${port}`,
      `--admin=127.0.0.1:${adminPort}`,
    ]);
    await this.#ready(child, adminPort);
    return { port, adminPort, stop: () => child.stop() };
  }

  /** The port that the registration names, for whoever stands there in the webhook's place. */
  get webhookPort(): number {
    return this.#ports.webhook;
  }

  async startExtender(...flags: readonly string[]): Promise<void> {
    const { extenderAdmin: admin, page } = this.#ports;
    const ports = { listen: this.#plane.extenderPort, admin, page };
    this.#extender = this.#startExtender(ports, flags);
    await this.#ready(this.#extender, admin);
  }

  /** Another extender, that nobody asks, beside the first. */
  async startReplica(ports?: ReplicaPorts): Promise<Replica> {
    const [first = 0, second = 0, third = 0] = await freePorts(3);
    const { listen, admin, page } = ports ?? { listen: first, admin: second, page: third };
    const child = this.#startExtender({ listen, admin, page });
    await this.#ready(child, admin);
    return {
      ports: { listen, admin, page },
      pid: child.pid,
      kill: () => child.stop('SIGKILL'),
      stop: () => child.stop(),
      pageUrl: `http://127.0.0.1:${page}`,
      askUrl: `http://127.0.0.1:${listen}`,
      adminUrl: `http://127.0.0.1:${admin}`,
    };
  }

  /** The rights of the component release, and that it may evict pods of this namespace. */
  async allowReleases(namespace: string): Promise<void> {
    await this.#create(await readFile(join(RELEASE, 'rbac.yaml'), 'utf8'));
    await this.#create(`
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: surefoot-release, namespace: ${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: surefoot-evict }
subjects: [{ kind: ServiceAccount, name: surefoot-release, namespace: ${NAMESPACE} }]
`);
  }

  /** That the program that releases pods may take the maintenance Leases of nodes. */
  async allowLeases(namespace: string): Promise<void> {
    const text = await readFile(join(RELEASE, '../release-leases/rbac.yaml'), 'utf8');
    await this.#create(text.replaceAll('medik8s-leases', namespace));
  }

  /** The program that releases pods, with these rules. */
  async startRelease(rules: object): Promise<RunningRelease> {
    const [admin = 0] = await freePorts(1);
    const directory = join(this.#plane.directory, 'release');
    await mkdir(directory, { recursive: true });
    const shipped = parse(await readFile(join(RELEASE, 'release.yaml'), 'utf8'));
    const setRules = (changed: object) =>
      writeFile(join(directory, 'release.yaml'), stringify({ ...shipped, ...changed }));
    await setRules(rules);
    const [path, ...args] = this.#run;
    const child = this.#plane.start('surefoot-release', path, [
      ...args,
      'release',
      `--config=${this.configDirectory}`,
      `--rules=${directory}`,
      `--kubeconfig=${this.#plane.kubeconfigPath('release')}`,
      `--admin=127.0.0.1:${admin}`,
    ]);
    await this.#ready(child, admin);
    const adminUrl = `http://127.0.0.1:${admin}`;
    return {
      adminUrl,
      metrics: () => textAt(`${adminUrl}/metrics`),
      setRules,
      kill: () => child.stop('SIGKILL'),
      stop: () => child.stop(),
    };
  }

  /** Where the scheduler asks the extender. */
  get askUrl(): string {
    return `http://127.0.0.1:${this.#plane.extenderPort}`;
  }

  #startExtender(ports: ReplicaPorts, flags: readonly string[] = []): Child {
    const [path, ...args] = this.#run;
    return this.#plane.start('surefoot-extender', path, [
      ...args,
      'extender',
      `--config=${this.configDirectory}`,
      `--kubeconfig=${this.#plane.kubeconfigPath('extender')}`,
      `--listen=127.0.0.1:${ports.listen}`,
      `--admin=127.0.0.1:${ports.admin}`,
      `--page=127.0.0.1:${ports.page}`,
      '--drain=0',
      ...flags,
    ]);
  }

  /** Where the programs show their metrics. */
  get adminAddresses(): readonly string[] {
    const { webhookAdmin, extenderAdmin, certsAdmin } = this.#ports;
    return [webhookAdmin, extenderAdmin, certsAdmin].map((port) => `127.0.0.1:${port}`);
  }

  /** The flag by which doctor finds the extender, which has no pod here. */
  get atExtender(): string {
    return `--extender-admin=127.0.0.1:${this.#ports.extenderAdmin}`;
  }

  /** The flag of a command that asks the API server, as the admin. */
  get asAdmin(): string {
    return `--kubeconfig=${this.#plane.kubeconfigPath('admin')}`;
  }

  /** Runs a command of Surefoot to its end. */
  async command(...args: readonly string[]): Promise<{ status: number; said: string }> {
    const child = execFile(process.execPath, [EXECUTABLE, ...args]);
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text) => said.push(text));
    const [status] = await once(child, 'close');
    return { status, said: said.join('') };
  }

  async killWebhook(): Promise<void> {
    await this.#webhook?.stop('SIGKILL');
  }

  /** Does `work` while the webhook runs for 10 ms of every 210, as one whose limit of CPU is far too low. */
  async starvingWebhook(work: () => Promise<unknown>): Promise<void> {
    const pid = this.#webhook?.pid ?? 0;
    const stopping = setInterval(() => {
      process.kill(pid, 'SIGCONT');
      setTimeout(() => process.kill(pid, 'SIGSTOP'), 10);
    }, 210);
    try {
      await work();
    } finally {
      clearInterval(stopping);
      setTimeout(() => process.kill(pid, 'SIGCONT'), 20);
    }
  }

  /** Ends the extender as a kubelet does. */
  async stopExtender(): Promise<void> {
    await this.#extender?.stop();
  }

  async killExtender(): Promise<void> {
    await this.#extender?.stop('SIGKILL');
  }

  /** What the extender decided, newest first. */
  async decisions(pageUrl = this.pageUrl): Promise<readonly ShownDecision[]> {
    const { decisions } = JSON.parse(await textAt(`${pageUrl}/api/decisions`));
    return decisions;
  }

  /** The newest decision for a pod, by its name in the namespace `default` or as NAMESPACE/NAME. */
  async decisionFor(pod: string, pageUrl = this.pageUrl): Promise<ShownDecision | undefined> {
    const name = pod.includes('/') ? pod : `default/${pod}`;
    const { decisions } = JSON.parse(await textAt(`${pageUrl}/api/decisions?pod=${name}`));
    return decisions[0];
  }

  /** What the extender knows of all nodes. */
  async nodes(pageUrl = this.pageUrl): Promise<readonly ShownNode[]> {
    return JSON.parse(await textAt(`${pageUrl}/api/nodes`)).nodes;
  }

  /** What is looked for and found. */
  async signals(pageUrl = this.pageUrl): Promise<ShownSignals> {
    return JSON.parse(await textAt(`${pageUrl}/api/signals`));
  }

  /** What the extender knows of a node. */
  async node(name: string): Promise<ShownNode | undefined> {
    const { nodes } = JSON.parse(await textAt(`${this.pageUrl}/api/nodes`));
    return nodes.find((node: ShownNode) => node.node === name);
  }

  webhookMetrics(): Promise<string> {
    return textAt(`http://127.0.0.1:${this.#ports.webhookAdmin}/metrics`);
  }

  extenderMetrics(): Promise<string> {
    return textAt(`http://127.0.0.1:${this.#ports.extenderAdmin}/metrics`);
  }

  /** Where the serving pair is mounted. */
  get tlsDirectory(): string {
    return join(this.#plane.directory, 'webhook-tls');
  }

  async #writeMode(mode: Mode): Promise<void> {
    const path = join(this.configDirectory, 'surefoot.yaml');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/^mode: .*$/m, `mode: ${mode}`));
  }

  /** The ConfigMap says what the files say, as it does where it is mounted. */
  async #publishConfiguration(): Promise<void> {
    const names = await readdir(this.configDirectory);
    const texts = names.map(async (name) => [
      name,
      await readFile(join(this.configDirectory, name), 'utf8'),
    ]);
    const data = Object.fromEntries(await Promise.all(texts));
    await this.#plane
      .kubeConfig('admin')
      .makeApiClient(CoreV1Api)
      .patchNamespacedConfigMap(
        {
          namespace: NAMESPACE,
          name: 'surefoot',
          fieldManager: 'kubectl',
          force: true,
          body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'surefoot' }, data },
        },
        setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
      );
  }

  /** Waits until whoever reads these files has taken something else up than before. */
  async #inForceAfter(before: Partial<Configurations>): Promise<void> {
    await this.#publishConfiguration();
    await eventually('the new configuration to be in force', async () => {
      const now = await this.#configurations();
      const files = Object.keys(before) as (keyof Configurations)[];
      return files.every((file) => before[file] !== now[file]);
    });
  }

  async #configurations(): Promise<Configurations> {
    const inForce = (metrics: string) =>
      /surefoot_configuration_info\{[^}]*\}/.exec(metrics)?.[0] ?? '';
    return {
      'webhook.yaml': inForce(await this.webhookMetrics()),
      'extender.yaml': inForce(await this.extenderMetrics()),
    };
  }

  async #ready(child: Child, adminPort: number): Promise<void> {
    await eventually(`${child.name} to be ready`, async () => {
      if (!child.isRunning) throw new Error(`it has ended:\n${await child.lastWords()}`);
      return (await fetch(`http://127.0.0.1:${adminPort}/readyz`)).ok;
    });
  }

  /** There is no Service routing here, so the entries get addresses instead of Services. */
  async registerWebhook(): Promise<void> {
    const text = await manifestText('webhook', {
      config: this.configDirectory,
      service: 'surefoot-system/surefoot-webhook',
      url: `https://127.0.0.1:${this.#ports.webhook}`,
    });
    await this.#create(text);
  }

  /** The policies that stand in for the webhook, from the same profiles. */
  async registerPolicies(): Promise<void> {
    const text = await manifestText('policy', { config: this.configDirectory, service: '' });
    await this.#create(text);
  }

  /**
   * All of manifests/base but what a kubelet would run, and the registration by Service, for which there is
   * no routing here.
   */
  async #applyBase(): Promise<void> {
    const base = join(MANIFESTS, 'base');
    const { resources } = parse(await readFile(join(base, 'kustomization.yaml'), 'utf8'));
    for (const name of resources as readonly string[]) {
      if (name !== 'webhook-configuration.yaml') {
        await this.#create(await readFile(join(base, name), 'utf8'));
      }
    }
  }

  async #create(text: string): Promise<void> {
    const api = KubernetesObjectApi.makeApiClient(this.#plane.kubeConfig('admin'));
    for (const object of loadAllYaml(text)) {
      // No kubelet here could run a pod of ours: the programs run beside the cluster.
      if (isDeployment(object) && object.spec !== undefined) object.spec.replicas = 0;
      await api.create(object);
    }
  }
}

function isDeployment(object: KubernetesObject): object is V1Deployment {
  return object.kind === 'Deployment';
}

async function textAt(url: string): Promise<string> {
  return (await fetch(url)).text();
}
