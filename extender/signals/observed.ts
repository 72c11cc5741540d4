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
  readonly resource: string;
  /** The plugin's device id, for NVIDIA the UUID. */
  readonly device: string;
  readonly health: 'Healthy' | 'Unhealthy' | 'Unknown';
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
