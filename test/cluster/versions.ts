import { WrongCall } from '../../certs/serving/lifecycle.ts';

/** One Kubernetes minor that the control plane can be built at. */
export interface KubernetesVersion {
  readonly minor: string;
  /** Exact version; must be the one that the module file pins. */
  readonly version: string;
  /** Go module file beside this one. */
  readonly modFile: string;
  /** Feature gates of the API server that the tests rely on and that are still off there. */
  readonly featureGates?: string;
}

const VERSIONS: readonly KubernetesVersion[] = [
  { minor: '1.37', version: 'v1.37.2', modFile: 'go.mod' },
  { minor: '1.36', version: 'v1.36.3', modFile: 'go-1.36.mod' },
  {
    minor: '1.35',
    version: 'v1.35.4',
    modFile: 'go-1.35.mod',
    // Device health in pod status: alpha in 1.35, on by default from 1.36 (KEP-4680).
    featureGates: 'ResourceHealthStatus=true',
  },
];

/** The version that is built unless another is asked for. */
export const DEFAULT_MINOR = '1.37';

/** The version of a minor such as `1.37`. Throws WrongCall with the ones there are. */
export function kubernetesVersion(minor: string): KubernetesVersion {
  const version = VERSIONS.find((one) => one.minor === minor);
  if (version !== undefined) return version;
  const known = VERSIONS.map((one) => one.minor).join(', ');
  throw new WrongCall(`--kubernetes: "${minor}" is not one of ${known}`);
}
