import type { Pod } from '../../webhook/words/pod.ts';
import { GPU } from './facts.ts';
import { makePod } from './pod.ts';

/** A member of an Indexed Job, pending, which asks for a whole node of eight GPUs. */
export function makeMember(
  job: string,
  index: number,
  attempt = 0,
  annotations: Readonly<Record<string, string>> = {},
): Pod {
  const quantity = { [GPU]: '8' };
  return makePod({
    metadata: {
      name: `${job}-${index}-${attempt}`,
      uid: `${job}-${index}-${attempt}`,
      annotations: {
        'surefoot.dev/profile': 'nvidia',
        'surefoot.dev/checkpoint': '1h',
        'batch.kubernetes.io/job-completion-index': String(index),
        ...annotations,
      },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: job, controller: true }],
    },
    container: { resources: { requests: quantity, limits: quantity } },
    status: { phase: 'Pending' },
  });
}

/** The pod as it runs on a node since then. */
export function runningOn(pod: Pod, node: string, atSeconds: number): Pod {
  const startedAt = new Date(atSeconds * 1000);
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: node },
    status: {
      phase: 'Running',
      startTime: startedAt,
      containerStatuses: [{ name: 'main', state: { running: { startedAt } } }],
    },
  };
}
