import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { parse, stringify } from 'yaml';
import { makeCertificates } from '../../certs/make-once.ts';
import { pooledKubeConfig } from '../make/pooled-kube-config.ts';
import { Child } from './child.ts';
import { eventually } from './eventually.ts';
import type { Programs } from './programs.ts';

/** Who may do what on the bed; each has a kubeconfig of its own. */
const USERS = {
  admin: { user: 'admin', groups: ['system:masters'] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  extender: {
    user: 'system:serviceaccount:surefoot-system:surefoot-extender',
    groups: ['system:serviceaccounts', 'system:authenticated'],
  },
  certs: {
    user: 'system:serviceaccount:surefoot-system:surefoot-certs',
    groups: ['system:serviceaccounts', 'system:authenticated'],
  },
  release: {
    user: 'system:serviceaccount:surefoot-system:surefoot-release',
    groups: ['system:serviceaccounts', 'system:authenticated'],
  },
  /** Somebody who looks; with the rights of manifests/base/viewer.yaml once they are bound. */
  viewer: { user: 'viewer', groups: ['system:authenticated'] },
} as const;

export type UserName = keyof typeof USERS;

export interface ApiServerOptions {
  readonly featureGates?: string | undefined;
  readonly admissionPlugins?: readonly string[] | undefined;
  /** Feature gates of the scheduler, too, and the API versions that they need. */
  readonly schedulerGates?: string | undefined;
  readonly runtimeConfig?: string | undefined;
  /** Whether what our own accounts ask for is written to `auditPath`. */
  readonly audits?: boolean | undefined;
  /** Flags beside these. */
  readonly flags?: readonly string[] | undefined;
  /** Whether the cluster's own scheduler asks the extender; default: it does. */
  readonly isAsked?: boolean | undefined;
  /** For how long a lease of a node holds; a quarter of it after the last, kwok renews it. Default: 40. */
  readonly leaseSeconds?: number | undefined;
}

const MANIFESTS = join(import.meta.dirname, '../../manifests');

/** What tests change of a KubeSchedulerConfiguration. */
export interface SchedulerFile {
  profiles?: { schedulerName: string; [part: string]: unknown }[];
  extenders?: {
    urlPrefix: string;
    managedResources?: unknown;
    tlsConfig?: { caFile: string; serverName: string };
  }[];
  leaderElection?: object;
  [part: string]: unknown;
}

/** The scheduler's file of a component of the manifests. */
export async function schedulerFile(component: string): Promise<SchedulerFile> {
  return parse(await readFile(join(MANIFESTS, 'components', component, 'scheduler.yaml'), 'utf8'));
}

/** etcd, API server, controller-manager, scheduler and kwok as plain processes on loopback. */
export class ControlPlane {
  readonly directory: string;
  readonly extenderPort: number;
  readonly #programs: Programs;
  readonly #children: Child[] = [];
  readonly #schedulerGates: string | undefined;
  #api: { readonly child: Child; readonly args: readonly string[] } | undefined;

  private constructor(
    directory: string,
    programs: Programs,
    extenderPort: number,
    { schedulerGates }: ApiServerOptions,
  ) {
    this.#schedulerGates = schedulerGates;
    this.directory = directory;
    this.#programs = programs;
    this.extenderPort = extenderPort;
  }

  /** Boots everything in `directory`; resolves when the API server is ready. */
  static async boot(
    directory: string,
    programs: Programs,
    options: ApiServerOptions,
  ): Promise<ControlPlane> {
    const [etcdPort, peerPort, apiPort, extenderPort] = await freePorts(4);
    const plane = new ControlPlane(directory, programs, extenderPort as number, options);
    await mkdir(join(directory, 'logs'), { recursive: true });
    try {
      plane.#bootStore(etcdPort as number, peerPort as number);
      await plane.#bootApi(etcdPort as number, apiPort as number, options);
      plane.#startControllers(options);
      await plane.startScheduler('default-scheduler', { extender: options.isAsked ?? true });
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  kubeconfigPath(user: UserName): string {
    return join(this.directory, `${user}.kubeconfig`);
  }

  kubeConfig(user: UserName): KubeConfig {
    const config = pooledKubeConfig();
    config.loadFromFile(this.kubeconfigPath(user));
    return config;
  }

  /**
   * A kube-scheduler of this name, with the extender registered or without any; or with another one, by its
   * address.
   */
  async startScheduler(
    name: string,
    { extender, gates }: { extender: boolean | string; gates?: string | undefined },
  ): Promise<Child> {
    const config = await schedulerFile('cluster-scheduler-loopback');
    config.profiles = [{ schedulerName: name }];
    config.leaderElection = { leaderElect: false };
    // Pods of the bed ask by resource claims and for names of their own, too: it asks for every pod.
    delete config.extenders?.[0]?.managedResources;
    if (extender === false) delete config.extenders;
    else if (config.extenders?.[0] !== undefined) {
      config.extenders[0].urlPrefix = extender === true ? this.extenderUrl : extender;
    }
    return this.runScheduler(name, config, { gates });
  }

  /** Where the default scheduler asks. */
  get extenderUrl(): string {
    return `http://127.0.0.1:${this.extenderPort}`;
  }

  /**
   * A kube-scheduler with this file, under this name in the logs, in the name of `user`; `gates`: its feature gates,
   * in the place of the control plane's.
   */
  async runScheduler(
    name: string,
    config: SchedulerFile,
    { user = 'scheduler', gates }: { user?: UserName; gates?: string | undefined } = {},
  ): Promise<Child> {
    const featureGates = gates ?? this.#schedulerGates;
    const clientConnection = { kubeconfig: this.kubeconfigPath(user), qps: 500, burst: 1000 };
    const path = join(this.directory, `${name}.yaml`);
    await writeFile(path, stringify({ ...config, clientConnection }));
    const [port] = await freePorts(1);
    return this.start(name, this.#programs['kube-scheduler'], [
      `--config=${path}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      `--cert-dir=${this.directory}`,
      '--authentication-skip-lookup',
      // Where it says that it did without the extender's opinion.
      '--vmodule=schedule_one=5',
      ...(featureGates !== undefined ? [`--feature-gates=${featureGates}`] : []),
    ]);
  }

  /** For how many pods a scheduler had no answer from the extender in time, by its own log. */
  async unansweredCalls(scheduler = 'default-scheduler'): Promise<number> {
    const log = await readFile(join(this.directory, 'logs', `${scheduler}.log`), 'utf8');
    return log.split("Failed to run extender's priority function").length - 1;
  }

  /** Starts any program that lives and dies with the control plane. */
  start(name: string, path: string, args: readonly string[]): Child {
    const child = new Child(name, path, args, join(this.directory, 'logs', `${name}.log`));
    this.#children.push(child);
    return child;
  }

  /** Takes the API server away, and gives what brings it back. */
  async takeApiAway(): Promise<() => Promise<void>> {
    await this.#api?.child.stop('SIGKILL');
    return async () => {
      if (this.#api === undefined) return;
      const { args } = this.#api;
      const child = this.start('kube-apiserver', this.#programs['kube-apiserver'], args);
      this.#api = { child, args };
      await eventually('the API server to be back', () => this.#isReady(child), {
        timeoutSeconds: 60,
      });
    };
  }

  /** Process ids of all that runs. */
  get pids(): readonly number[] {
    return this.running.flatMap(({ pid }) => pid ?? []);
  }

  get running(): readonly Child[] {
    return this.#children.filter(({ isRunning }) => isRunning);
  }

  /** Nothing is left running, and nothing of what ran is wanted: there is nothing to end well. */
  async stop(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.stop('SIGKILL')));
    this.#children.length = 0;
  }

  #bootStore(etcdPort: number, peerPort: number): void {
    const etcdUrl = `http://127.0.0.1:${etcdPort}`;
    this.start('etcd', this.#programs.etcd, [
      `--data-dir=${join(this.directory, 'etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
      '--unsafe-no-fsync',
      '--log-level=error',
    ]);
  }

  async #bootApi(
    etcdPort: number,
    apiPort: number,
    {
      featureGates,
      admissionPlugins,
      schedulerGates,
      runtimeConfig,
      audits,
      flags = [],
    }: ApiServerOptions,
  ): Promise<void> {
    const gates = [featureGates, schedulerGates].filter((gate) => gate !== undefined).join(',');
    await makeCertificates({
      tlsDir: this.directory,
      hosts: ['127.0.0.1', 'localhost'],
      now: new Date(),
    });
    await this.#writeCredentials(apiPort);
    const args = [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      `--secure-port=${apiPort}`,
      '--bind-address=127.0.0.1',
      `--tls-cert-file=${join(this.directory, 'tls.crt')}`,
      `--tls-private-key-file=${join(this.directory, 'tls.key')}`,
      `--token-auth-file=${join(this.directory, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://127.0.0.1',
      `--service-account-key-file=${join(this.directory, 'service-account.key')}`,
      `--service-account-signing-key-file=${join(this.directory, 'service-account.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--endpoint-reconciler-type=none',
      ...(gates !== '' ? [`--feature-gates=${gates}`] : []),
      ...(runtimeConfig !== undefined ? [`--runtime-config=${runtimeConfig}`] : []),
      ...(admissionPlugins !== undefined
        ? [`--enable-admission-plugins=${admissionPlugins.join(',')}`]
        : []),
      ...(audits ? await this.#auditFlags() : []),
      ...flags,
    ];
    const server = this.start('kube-apiserver', this.#programs['kube-apiserver'], args);
    this.#api = { child: server, args };
    await eventually('the API server to be ready', () => this.#isReady(server), {
      timeoutSeconds: 60,
    });
  }

  /** Who of ours asked for what, a JSON object a line. */
  get auditPath(): string {
    return join(this.directory, 'audit.log');
  }

  async #auditFlags(): Promise<readonly string[]> {
    const policy = join(this.directory, 'audit-policy.yaml');
    const users = Object.values(USERS).flatMap(({ user }) =>
      user.startsWith('system:serviceaccount:') ? [user] : [],
    );
    await writeFile(
      policy,
      stringify({
        apiVersion: 'audit.k8s.io/v1',
        kind: 'Policy',
        omitStages: ['RequestReceived', 'ResponseStarted'],
        rules: [{ level: 'Metadata', users }, { level: 'None' }],
      }),
    );
    return [`--audit-policy-file=${policy}`, `--audit-log-path=${this.auditPath}`];
  }

  async #isReady(server: Child): Promise<boolean> {
    if (!server.isRunning) {
      throw new Error(`the API server has ended:\n${await server.lastWords()}`);
    }
    const config = this.kubeConfig('admin');
    const { CoreV1Api } = await import('@kubernetes/client-node');
    const { items } = await config.makeApiClient(CoreV1Api).listNamespace();
    return items.some(({ metadata }) => metadata?.name === 'default');
  }

  #startControllers({ leaseSeconds = 40 }: ApiServerOptions): void {
    const kubeconfig = `--kubeconfig=${this.kubeconfigPath('admin')}`;
    this.start('kube-controller-manager', this.#programs['kube-controller-manager'], [
      kubeconfig,
      `--service-account-private-key-file=${join(this.directory, 'service-account.key')}`,
      '--leader-elect=false',
      '--secure-port=0',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      `--node-monitor-grace-period=${leaseSeconds + 10}s`,
    ]);
    this.start('kwok', this.#programs.kwok, [
      kubeconfig,
      '--manage-all-nodes=true',
      `--node-lease-duration-seconds=${leaseSeconds}`,
      `--config=${join(import.meta.dirname, 'stages.yaml')}`,
    ]);
  }

  async #writeCredentials(apiPort: number): Promise<void> {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs1', format: 'pem' });
    await writeFile(join(this.directory, 'service-account.key'), key, { mode: 0o600 });
    const tokens = Object.entries(USERS).map(
      ([name, { user, groups }]) => `${name}-token,${user},${user},"${groups.join(',')}"`,
    );
    await writeFile(join(this.directory, 'tokens.csv'), `${tokens.join('\n')}\n`, { mode: 0o600 });
    const caPath = join(this.directory, 'ca.crt');
    for (const name of Object.keys(USERS) as UserName[]) {
      const kubeconfig = {
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'surefoot-bed',
        clusters: [
          {
            name: 'bed',
            cluster: { server: `https://127.0.0.1:${apiPort}`, 'certificate-authority': caPath },
          },
        ],
        users: [{ name, user: { token: `${name}-token` } }],
        contexts: [{ name: 'surefoot-bed', context: { cluster: 'bed', user: name } }],
      };
      await writeFile(this.kubeconfigPath(name), stringify(kubeconfig), { mode: 0o600 });
    }
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) =>
        server.listen(0, '127.0.0.1', () => resolve(server)),
      );
    }),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
