import { describe, expect, test } from 'vitest';
import type { ObjectMeta } from '../../../webhook/words/pod.ts';
import { slotOf } from '../../../webhook/words/workload.ts';
import { makePod } from '../../make/pod.ts';

const JOBSET = {
  'jobset.sigs.k8s.io/jobset-name': 'llm',
  'jobset.sigs.k8s.io/replicatedjob-name': 'workers',
  'jobset.sigs.k8s.io/job-index': '2',
  'batch.kubernetes.io/job-completion-index': '5',
};

const owned = (kind: string, name: string, rest: ObjectMeta = {}): ObjectMeta => ({
  name: 'pod-x',
  ownerReferences: [{ kind, name, controller: true }],
  ...rest,
});

describe('slotOf', () => {
  const rows: readonly { name: string; metadata: ObjectMeta; key: string; any: boolean }[] = [
    { name: 'a bare pod is its own slot', metadata: {}, key: 'team-a/Pod/train', any: false },
    {
      name: 'a slot longer than any name is none',
      metadata: { annotations: { 'surefoot.dev/slot': 'x'.repeat(254) } },
      key: 'team-a/Pod/train',
      any: false,
    },
    {
      name: 'a Job index',
      metadata: owned('Job', 'j', {
        annotations: { 'batch.kubernetes.io/job-completion-index': '3' },
      }),
      key: 'team-a/Job/j/3',
      any: false,
    },
    {
      name: 'a Job without indexes is interchangeable',
      metadata: owned('Job', 'j'),
      key: 'team-a/Job/j',
      any: true,
    },
    {
      name: 'a StatefulSet ordinal',
      metadata: owned('StatefulSet', 'db'),
      key: 'team-a/StatefulSet/db/pod-x',
      any: false,
    },
    {
      name: 'a ReplicaSet stands for its Deployment, across rollouts',
      metadata: owned('ReplicaSet', 'web-5f7c', { labels: { 'pod-template-hash': '5f7c' } }),
      key: 'team-a/Deployment/web',
      any: true,
    },
    {
      name: 'a ReplicaSet of its own',
      metadata: owned('ReplicaSet', 'web-5f7c'),
      key: 'team-a/ReplicaSet/web-5f7c',
      any: true,
    },
    {
      name: 'a slot named by hand stays within namespace and owner',
      metadata: owned('Job', 'j', { annotations: { 'surefoot.dev/slot': '../../x' } }),
      key: 'team-a/Job/j/../../x',
      any: false,
    },
    {
      name: 'a pod of a pod: its places are not those of the pod that owns it',
      metadata: owned('Pod', 'driver'),
      key: 'team-a/PodsOf/driver',
      any: true,
    },
    {
      name: 'a numbered pod of a pod, by the API version of both',
      metadata: {
        ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'driver', controller: true }],
        labels: { 'batch.kubernetes.io/job-completion-index': '3' },
      },
      key: 'team-a/PodsOf/driver/3',
      any: false,
    },
    {
      name: 'a Pod of another group, which is none of Kubernetes',
      metadata: {
        ownerReferences: [
          { apiVersion: 'example.com/v1', kind: 'Pod', name: 'train', controller: true },
        ],
      },
      key: 'team-a/Pod.example.com/train',
      any: true,
    },
    {
      name: 'a kind that two groups have',
      metadata: {
        ownerReferences: [
          { apiVersion: 'example.com/v1', kind: 'Pipeline', name: 'p', controller: true },
        ],
      },
      key: 'team-a/Pipeline.example.com/p',
      any: true,
    },
    {
      name: 'a kind named as what every object has',
      metadata: owned('constructor', 'p'),
      key: 'team-a/constructor/p',
      any: true,
    },
    {
      name: 'a Job of no JobSet, whose name begins with the word undefined',
      metadata: owned('Job', 'undefined-7'),
      key: 'team-a/Job/undefined-7',
      any: true,
    },
    {
      name: 'a Job of a JobSet without a name',
      metadata: owned('Job', '-7', { labels: { 'jobset.sigs.k8s.io/jobset-name': '' } }),
      key: 'team-a/Job/-7',
      any: true,
    },
    {
      name: 'a StatefulSet whose name only begins like that of a LeaderWorkerSet',
      metadata: owned('StatefulSet', 'server', {
        labels: { 'leaderworkerset.sigs.k8s.io/name': 'serve' },
      }),
      key: 'team-a/StatefulSet/server/pod-x',
      any: false,
    },
    {
      name: 'a RayCluster that says to be made from a Deployment',
      metadata: owned('RayCluster', 'ray', {
        labels: {
          'ray.io/originated-from-crd': 'Deployment',
          'ray.io/originated-from-cr-name': 'web',
        },
      }),
      key: 'team-a/RayCluster/ray',
      any: true,
    },
    {
      name: 'a JobSet, whose Jobs are made anew at each restart',
      metadata: owned('Job', 'llm-workers-2', { labels: JOBSET }),
      key: 'team-a/JobSet/llm/workers/2.5',
      any: false,
    },
    {
      name: 'a JobSet whose Jobs are not indexed: any of a Job may take its homes',
      metadata: owned('Job', 'llm-workers-2', {
        labels: { ...JOBSET, 'batch.kubernetes.io/job-completion-index': undefined as never },
      }),
      key: 'team-a/JobSet/llm/workers/2',
      any: true,
    },
    {
      name: 'a StatefulSet of another group is none of Kubernetes’ own',
      metadata: {
        name: 'web-0',
        ownerReferences: [
          {
            apiVersion: 'apps.kruise.io/v1beta1',
            kind: 'StatefulSet',
            name: 'web',
            controller: true,
          },
        ],
        labels: { 'batch.kubernetes.io/job-completion-index': '0' },
      },
      key: 'team-a/StatefulSet.apps.kruise.io/web/0',
      any: false,
    },
    {
      name: 'a Job that only says to be of a JobSet',
      metadata: owned('Job', 'other', { labels: JOBSET }),
      key: 'team-a/Job/other/5',
      any: false,
    },
    {
      name: 'a LeaderWorkerSet: group and worker',
      metadata: owned('StatefulSet', 'serve-1', {
        labels: {
          'leaderworkerset.sigs.k8s.io/name': 'serve',
          'leaderworkerset.sigs.k8s.io/group-index': '1',
          'leaderworkerset.sigs.k8s.io/worker-index': '3',
        },
      }),
      key: 'team-a/LeaderWorkerSet/serve/1.3',
      any: false,
    },
    {
      name: 'a PyTorchJob: replica type and index',
      metadata: {
        ownerReferences: [
          { apiVersion: 'kubeflow.org/v1', kind: 'PyTorchJob', name: 'bert', controller: true },
        ],
        labels: {
          'training.kubeflow.org/replica-type': 'worker',
          'training.kubeflow.org/replica-index': '7',
        },
      },
      key: 'team-a/PyTorchJob/bert/worker/7',
      any: false,
    },
    {
      name: 'a Volcano Job: task and index',
      metadata: {
        ownerReferences: [
          { apiVersion: 'batch.volcano.sh/v1alpha1', kind: 'Job', name: 'mpi', controller: true },
        ],
        labels: { 'volcano.sh/task-spec': 'worker' },
        annotations: { 'volcano.sh/task-index': '4' },
      },
      key: 'team-a/VolcanoJob/mpi/worker/4',
      any: false,
    },
    {
      name: 'a Ray worker without a number may take any home of its group',
      metadata: owned('RayCluster', 'ray-x7k2p', { labels: { 'ray.io/group': 'gpu' } }),
      key: 'team-a/RayCluster/ray-x7k2p/gpu',
      any: true,
    },
    {
      name: 'a Ray worker of a RayJob, which makes a new cluster for each try',
      metadata: owned('RayCluster', 'tune-raycluster-x7k2p', {
        labels: {
          'ray.io/originated-from-crd': 'RayJob',
          'ray.io/originated-from-cr-name': 'tune',
          'ray.io/group': 'gpu',
          'ray.io/worker-group-replica-index': '1',
          'ray.io/replica-host-index': '0',
        },
      }),
      key: 'team-a/RayJob/tune/gpu/1.0',
      any: false,
    },
    {
      name: 'a step of Argo, tried again',
      metadata: owned('Workflow', 'wf', {
        annotations: { 'workflows.argoproj.io/node-name': 'wf.train(0:seed)(2)' },
      }),
      key: 'team-a/Workflow/wf/wf.train(0:seed)',
      any: false,
    },
    {
      name: 'an owner that is no controller does not count',
      metadata: { ownerReferences: [{ kind: 'Job', name: 'j' }] },
      key: 'team-a/Pod/train',
      any: false,
    },
  ];
  test.each(rows)('$name', ({ metadata, key, any }) => {
    const slot = slotOf(makePod({ metadata }));
    expect(slot).toMatchObject({ key, interchangeable: any });
    expect(key.startsWith(slot.workload)).toBe(true);
    expect(slot.workload.split('/')).toHaveLength(3);
  });

  test('only a slot that its pod names is named', () => {
    const named = { annotations: { 'surefoot.dev/slot': 'model-7' } };
    expect(slotOf(makePod({ metadata: owned('Job', 'j', named) })).isNamed).toBe(true);
    expect(slotOf(makePod({ metadata: owned('StatefulSet', 'db') })).isNamed).toBeUndefined();
  });
});
