/**
 * What Surefoot reads of a core/v1 Pod. Field names are the API's; the wire may hold more.
 * A timestamp is text on the wire and a Date once the client has decoded it.
 */

export type Timestamp = string | Date;
/** Resource name to quantity; a quantity is text on the wire and may be a number in YAML. */
export type ResourceList = Readonly<Record<string, string | number>>;

export interface OwnerReference {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly name: string;
  readonly controller?: boolean;
}

export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: object;
}

export interface ObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly creationTimestamp?: Timestamp;
  readonly deletionTimestamp?: Timestamp;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

export interface Toleration {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

export interface Probe {
  readonly terminationGracePeriodSeconds?: number;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
  readonly restartPolicyRules?: readonly object[] | null;
  readonly resources?: {
    readonly requests?: ResourceList;
    readonly limits?: ResourceList;
    readonly claims?: readonly object[] | null;
  };
  readonly livenessProbe?: Probe;
  readonly startupProbe?: Probe;
}

interface NodeRequirement {
  readonly key?: string;
  readonly operator?: string;
  readonly values?: readonly string[];
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeRequirement[];
  readonly matchFields?: readonly NodeRequirement[];
}

export interface PodSpec {
  readonly nodeName?: string;
  readonly schedulerName?: string;
  readonly schedulingGates?: readonly { readonly name: string }[];
  /** Of a PodGroup (Kubernetes 1.36 and later), which places its pods together. */
  readonly schedulingGroup?: object;
  readonly preemptionPolicy?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly affinity?: {
    readonly nodeAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: {
        readonly nodeSelectorTerms?: readonly NodeSelectorTerm[];
      };
      readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
        readonly weight?: number;
        readonly preference?: NodeSelectorTerm;
      }[];
    };
    readonly podAffinity?: { readonly requiredDuringSchedulingIgnoredDuringExecution?: object[] };
    readonly podAntiAffinity?: {
      readonly requiredDuringSchedulingIgnoredDuringExecution?: object[];
    };
  };
  readonly topologySpreadConstraints?: readonly { readonly whenUnsatisfiable?: string }[];
  readonly restartPolicy?: string;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly resourceClaims?: readonly {
    readonly name: string;
    readonly resourceClaimName?: string;
  }[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly image?: { readonly reference?: string };
    readonly persistentVolumeClaim?: object;
  }[];
  readonly tolerations?: readonly Toleration[];
  readonly terminationGracePeriodSeconds?: number;
}

export interface ContainerTermination {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
  readonly startedAt?: Timestamp;
  readonly finishedAt?: Timestamp;
}

export interface ContainerStatus {
  readonly name: string;
  /** What the container runtime made of the image's name, and its digest. */
  readonly image?: string;
  readonly imageID?: string;
  readonly restartCount?: number;
  readonly lastState?: { readonly terminated?: ContainerTermination };
  readonly state?: {
    readonly running?: { readonly startedAt?: Timestamp };
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: ContainerTermination;
  };
  readonly allocatedResourcesStatus?: readonly {
    readonly name: string;
    readonly resources?: readonly { readonly resourceID: string; readonly health?: string }[];
  }[];
}

export interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly startTime?: Timestamp;
  readonly nominatedNodeName?: string;
  /** Names of the claims that were made from templates. */
  readonly resourceClaimStatuses?: readonly {
    readonly name: string;
    readonly resourceClaimName?: string;
  }[];
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
    readonly lastTransitionTime?: Timestamp;
  }[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

export interface Pod {
  readonly metadata: ObjectMeta;
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}
