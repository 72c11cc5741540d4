import type { Pod, PodStatus } from '../../webhook/words/pod.ts';
import { timestamp } from './objects.ts';
import { GPU } from './racks.ts';

/** Statuses of a pod's life, as a kubelet writes them. */

export function isOver({ status }: Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

/** `takenAtSeconds`: when the kubelet took the pod on; `atSeconds`: when its containers started. */
export function runningStatus(
  pod: Pod,
  devices: readonly string[],
  takenAtSeconds: number,
  atSeconds: number,
): PodStatus {
  const status = {
    phase: 'Running',
    startTime: timestamp(takenAtSeconds),
    containerStatuses: pod.spec.containers.map(({ name }) => ({
      name,
      state: { running: { startedAt: timestamp(atSeconds) } },
    })),
  };
  return withDeviceHealth(status, devices, new Set());
}

/** The same status, with the pod's devices healthy but for the broken ones. */
export function withDeviceHealth(
  status: PodStatus,
  devices: readonly string[],
  broken: ReadonlySet<string>,
): PodStatus {
  const resources = devices.map((resourceID) => ({
    resourceID,
    health: broken.has(resourceID) ? 'Unhealthy' : 'Healthy',
  }));
  return {
    ...status,
    containerStatuses: (status.containerStatuses ?? []).map((container) => ({
      ...container,
      allocatedResourcesStatus: [{ name: GPU, resources }],
    })),
  };
}

export function endedStatus(status: PodStatus, exitCode: number, atSeconds: number): PodStatus {
  return {
    ...status,
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: (status.containerStatuses ?? []).map((container) => ({
      ...container,
      state: {
        terminated: {
          exitCode,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          finishedAt: timestamp(atSeconds),
        },
      },
    })),
  };
}

/** In the kubelet's own words (kubernetes v1.37.2 pkg/kubelet/cm/devicemanager/manager.go). */
export function rejectedStatus(asked: number, available: number, atSeconds: number): PodStatus {
  return {
    phase: 'Failed',
    reason: 'UnexpectedAdmissionError',
    message: `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${GPU}. Requested: ${asked}, Available: ${available}, which is unexpected`,
    startTime: timestamp(atSeconds),
  };
}
