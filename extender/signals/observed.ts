/** What signs of faults are read from, as narrow records of the API's fields. */

/** Numbers of one extended resource on a node. */
export interface DeviceCount {
  /** How many the device plugin has registered, broken ones included. */
  readonly capacity: number;
  /** How many it offers. */
  readonly allocatable: number;
}

/** One device as the kubelet reports it in a pod's status (KEP-4680). */
export interface DeviceHealth {
  /** The extended resource; absent for a device of a claim, once it is known which one that is. */
  readonly resource?: string;
  /** The plugin's device id, for NVIDIA the UUID; empty for a device of a claim that cannot be told from others. */
  readonly device: string;
  readonly health: 'Healthy' | 'Unhealthy' | 'Unknown';
  /** Where the device was got by a claim: the kubelet names it by request and CDI name, and no slice does. */
  readonly claim?: ClaimedDevice;
}

/** How the kubelet names a device of a claim. */
export interface ClaimedDevice {
  /** Name of the ResourceClaim object, in the pod's namespace. */
  readonly name: string;
  /** Absent where the status names the whole claim. */
  readonly request?: string;
  /** The first CDI name, or `driver/pool/device` where the driver gave none. */
  readonly reported: string;
}

/** How a container ended, or why it waits. */
export interface ContainerEnd {
  readonly container: string;
  readonly isWaiting: boolean;
  /** Absent while it waits. */
  readonly exitCode?: number;
  readonly reason?: string;
  readonly message?: string;
}

export interface PodCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}
