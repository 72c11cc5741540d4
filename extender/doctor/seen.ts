import type { Kept } from '../../certs/renewal/next-step.ts';
import type { Readiness } from '../../certs/serving/readiness.ts';
import type { PodOptIn } from '../../webhook/words/opt-in.ts';
import type { DeviceProfile } from '../../webhook/words/profile.ts';

/** What was seen of a cluster and of an installation in it; plain, so that what follows from it can be tested. */
export interface Seen {
  readonly namespace: string;
  /** Our clock and the API server's, in seconds since 1970. */
  readonly nowSeconds: number;
  readonly serverSeconds: number;
  /** Such as `v1.37.2`. */
  readonly kubernetes: string;
  /** Entry of the webhook configuration to its `caBundle`, PEM or empty; none where there is no configuration. */
  readonly bundles: Looked<ReadonlyMap<string, string>>;
  readonly certificates: Looked<Pick<Kept, 'bundle' | 'certificate'> | undefined>;
  /** What the webhook said, through the API server, to a pod that names a profile that does not exist. */
  readonly probe: Looked<Probe>;
  readonly configuration: Looked<Configuration | undefined>;
  /** Name to what it is. */
  readonly deployments: Looked<ReadonlyMap<string, Workload>>;
  readonly leases: Looked<ReadonlyMap<string, Lease>>;
  readonly definition: Looked<Definition | undefined>;
  readonly nodes: Looked<readonly SeenNode[]>;
  readonly namespaces: Looked<readonly SeenNamespace[]>;
  readonly pods: Looked<readonly SeenPod[]>;
  /** Rights that the programs need and do not have, in words. */
  readonly missingRights: Looked<readonly string[]>;
  /** What the extender says of itself. */
  readonly extender: Looked<ExtenderState>;
}

/** What one look gave, or why it could not be taken. */
export type Looked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: string };

export interface Probe {
  readonly status: number;
  readonly warnings: readonly string[];
  readonly message: string;
}

export interface Configuration {
  readonly problems: readonly string[];
  readonly mode?: 'observe' | 'act';
  /** What the cluster is called. */
  readonly cluster?: string;
  readonly profiles: readonly DeviceProfile[];
  readonly schedulerNames: readonly string[];
}

export interface Workload {
  readonly wanted: number;
  readonly ready: number;
  /** Container to image. */
  readonly images: ReadonlyMap<string, string>;
}

export interface Lease {
  readonly holder: string;
  readonly renewedAtSeconds?: number;
}

export interface Definition {
  readonly versions: readonly string[];
  /** The newest stored form that it takes. */
  readonly form: number;
}

export interface SeenNode {
  readonly name: string;
  readonly resources: readonly string[];
  readonly listedImages: number;
}

export interface SeenNamespace {
  readonly name: string;
  readonly inject?: string;
}

export interface SeenPod {
  readonly name: string;
  readonly namespace: string;
  readonly scheduler: string;
  readonly node?: string;
  readonly isPending: boolean;
  /** Whether any scheduler has looked at it. */
  readonly isLookedAt: boolean;
  readonly ageSeconds: number;
  readonly optIn: PodOptIn;
  readonly isPrepared: boolean;
  /** Whether a profile is for its devices. */
  readonly hasProfile: boolean;
  readonly devices: readonly string[];
  /** How old it is, if it waits at our scheduling gate and at no other. */
  readonly gatedSeconds?: number;
}

export interface ExtenderState {
  readonly readiness: Readiness;
  /** Its metrics, in Prometheus' text format. */
  readonly metrics: string;
}
