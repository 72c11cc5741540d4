/** A controller of somebody else, built from its module and installed from its own manifests. */
export interface Controller {
  readonly name: string;
  readonly version: string;
  readonly module: string;
  /** What its authors ship: in the module, a directory for kustomize or a file. */
  readonly manifests: string;
  readonly package: string;
  /** Module file that pins it, beside that of the control plane. */
  readonly modFile: string;
  /** Where under /etc it looks for certificates, if that cannot be chosen: it gets an /etc of its own then. */
  readonly certificatesIn?: string;
  /** Where it says that it is ready; absent for one that does not. */
  readonly readyPath?: string;
  readonly environment?: readonly string[];
  /** How it is told where things are on loopback. */
  readonly flags: (here: Here) => readonly string[];
}

/** What a controller needs to know of this machine. */
export interface Here {
  /** Its configuration as shipped, but for addresses and certificates; for those that have one. */
  readonly configPath: string;
  readonly kubeconfigPath: string;
  readonly certificatesPath: string;
  readonly webhookPort: number;
  readonly healthPort: number;
  readonly metricsPort: number;
}

const byFile = ({ configPath, kubeconfigPath }: Here) => [
  `--config=${configPath}`,
  `--kubeconfig=${kubeconfigPath}`,
];
/** As those do that were begun with kubebuilder. */
const KUBEBUILT = { manifests: 'config/default', readyPath: '/readyz', flags: byFile };

export const JOBSET: Controller = {
  name: 'jobset',
  version: 'v0.12.0',
  module: 'sigs.k8s.io/jobset',
  package: 'sigs.k8s.io/jobset',
  modFile: 'go-jobset.mod',
  ...KUBEBUILT,
};

export const LEADER_WORKER_SET: Controller = {
  name: 'lws',
  version: 'v0.8.0',
  module: 'sigs.k8s.io/lws',
  package: 'sigs.k8s.io/lws/cmd',
  modFile: 'go-lws.mod',
  ...KUBEBUILT,
};

export const KUEUE: Controller = {
  name: 'kueue',
  version: 'v0.17.0',
  module: 'sigs.k8s.io/kueue',
  package: 'sigs.k8s.io/kueue/cmd/kueue',
  modFile: 'go-kueue.mod',
  ...KUBEBUILT,
  certificatesIn: 'kueue/metrics/certs',
  // Its API server of its own, for people who look into queues, has a certificate directory that cannot be chosen.
  flags: (here) => [...byFile(here), '--feature-gates=VisibilityOnDemand=false'],
};

export const KUBERAY: Controller = {
  name: 'kuberay',
  version: 'v1.5.0',
  module: 'github.com/ray-project/kuberay/ray-operator',
  package: 'github.com/ray-project/kuberay/ray-operator',
  modFile: 'go-kuberay.mod',
  ...KUBEBUILT,
  flags: ({ kubeconfigPath, healthPort, metricsPort }) => [
    `--kubeconfig=${kubeconfigPath}`,
    `--health-probe-bind-address=127.0.0.1:${healthPort}`,
    `--metrics-addr=127.0.0.1:${metricsPort}`,
    '--enable-leader-election=false',
  ],
};

export const MPI_OPERATOR: Controller = {
  name: 'mpi-operator',
  version: 'v0.6.0',
  module: 'github.com/kubeflow/mpi-operator',
  package: 'github.com/kubeflow/mpi-operator/cmd/mpi-operator',
  modFile: 'go-mpi.mod',
  manifests: 'manifests/overlays/standalone',
  flags: ({ kubeconfigPath }) => [
    `--kubeConfig=${kubeconfigPath}`,
    '--lock-namespace=mpi-operator',
  ],
};

export const GATEKEEPER: Controller = {
  name: 'gatekeeper',
  version: 'v3.23.1',
  module: 'github.com/open-policy-agent/gatekeeper/v3',
  package: 'github.com/open-policy-agent/gatekeeper/v3',
  modFile: 'go-gatekeeper.mod',
  manifests: 'deploy/gatekeeper.yaml',
  readyPath: '/readyz',
  environment: ['POD_NAMESPACE=gatekeeper-system', 'POD_NAME=gatekeeper'],
  flags: ({ kubeconfigPath, certificatesPath, webhookPort, healthPort, metricsPort }) => [
    `--kubeconfig=${kubeconfigPath}`,
    `--port=${webhookPort}`,
    `--health-addr=127.0.0.1:${healthPort}`,
    `--prometheus-port=${metricsPort}`,
    `--cert-dir=${certificatesPath}`,
    '--disable-cert-rotation',
    // It has no pod here to own what it writes about itself.
    '--debug-use-fake-pod',
    '--logtostderr',
  ],
};
