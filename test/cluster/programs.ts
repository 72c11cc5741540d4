import { join } from 'node:path';
import { type BuildOptions, builtPrograms, type GoProgram, isProgram } from './go-program.ts';
import { DEFAULT_MINOR, type KubernetesVersion, kubernetesVersion } from './versions.ts';

/** Go packages; etcd and kwok serve every version of Kubernetes and come from the default module file. */
const PACKAGES = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kwok: 'sigs.k8s.io/kwok/cmd/kwok',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
} as const;

export type ProgramName = keyof typeof PACKAGES;
/** Paths of the programs that make a control plane. */
export type Programs = Readonly<Record<ProgramName, string>>;

const PROGRAM_NAMES = Object.keys(PACKAGES) as readonly ProgramName[];

/**
 * The control-plane programs: taken from `assetsDir` (what `KUBEBUILDER_ASSETS` names) if given,
 * or built as Go tools from the pinned module file and kept under the user's cache directory.
 * Throws with what to do where neither is possible.
 */
export async function controlPlanePrograms(
  kubernetes: KubernetesVersion,
  {
    assetsDir,
    say,
  }: {
    readonly assetsDir?: string | undefined;
    readonly say: BuildOptions['say'];
  },
): Promise<Programs> {
  if (assetsDir !== undefined) return programsIn(assetsDir);
  const wanted = PROGRAM_NAMES.map((name) => {
    const version = name.startsWith('kube-') ? kubernetes : kubernetesVersion(DEFAULT_MINOR);
    return goProgram(name, version);
  });
  const why = 'of the control plane; the first time takes about 9 min on two cores';
  return (await builtPrograms(wanted, why, { say })) as Programs;
}

function goProgram(name: ProgramName, { version, minor, modFile }: KubernetesVersion): GoProgram {
  const [gitMajor, gitMinor] = minor.split('.');
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap(
    (place) => [
      `-X ${place}.gitVersion=${version}`,
      `-X ${place}.gitMajor=${gitMajor}`,
      `-X ${place}.gitMinor=${gitMinor}`,
      `-X ${place}.gitTreeState=clean`,
    ],
  );
  return {
    name,
    package: PACKAGES[name],
    modFile,
    directory: `control-plane-${version}`,
    linkerFlags: stamps.join(' '),
  };
}

async function programsIn(directory: string): Promise<Programs> {
  for (const name of PROGRAM_NAMES) {
    if (!(await isProgram(join(directory, name)))) {
      throw new Error(
        `KUBEBUILDER_ASSETS: ${directory} has no ${name}; it must hold ${PROGRAM_NAMES.join(', ')}`,
      );
    }
  }
  return Object.fromEntries(PROGRAM_NAMES.map((name) => [name, join(directory, name)])) as Programs;
}
