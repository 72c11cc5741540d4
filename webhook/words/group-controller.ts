import { controllerOf } from './controller.ts';
import type { ObjectMeta } from './pod.ts';

interface Mark {
  readonly name: string;
  readonly label: string;
  /** Kinds of the controlling owner, each with its API group. */
  readonly owners: readonly string[];
}

/**
 * Controllers that restart whole groups by rules of their own, and how their objects are told: by the
 * label they write or by the owner (API types and controllers of each project, August 2026).
 */
const MARKS: readonly Mark[] = [
  { name: 'JobSet', label: 'jobset.sigs.k8s.io/jobset-name', owners: ['JobSet.jobset.x-k8s.io'] },
  {
    name: 'LeaderWorkerSet',
    label: 'leaderworkerset.sigs.k8s.io/name',
    owners: ['LeaderWorkerSet.leaderworkerset.x-k8s.io'],
  },
  {
    name: 'Ray',
    label: 'ray.io/cluster',
    owners: ['RayCluster.ray.io', 'RayJob.ray.io', 'RayService.ray.io'],
  },
  {
    name: 'Kubeflow',
    label: 'training.kubeflow.org/job-name',
    owners: [
      'MPIJob.kubeflow.org',
      'PyTorchJob.kubeflow.org',
      'TFJob.kubeflow.org',
      'TrainJob.trainer.kubeflow.org',
    ],
  },
  {
    name: 'Argo Workflows',
    label: 'workflows.argoproj.io/workflow',
    owners: ['Workflow.argoproj.io'],
  },
  { name: 'Volcano', label: 'volcano.sh/job-name', owners: ['Job.batch.volcano.sh'] },
];

/** The group controller above an object, by name; a tenant who forges the mark only gets less. */
export function groupControllerOf(metadata: ObjectMeta): string | undefined {
  const owner = controllerOf(metadata);
  const { labels } = metadata;
  const group = (owner?.apiVersion ?? '').split('/')[0];
  const ownerKind = `${owner?.kind}.${group}`;
  return MARKS.find(
    ({ label, owners }) => Object.hasOwn(labels ?? {}, label) || owners.includes(ownerKind),
  )?.name;
}
