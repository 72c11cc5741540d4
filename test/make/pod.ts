import type { Container, ObjectMeta, Pod, PodSpec, PodStatus } from '../../webhook/words/pod.ts';

export interface PodParts {
  readonly metadata?: ObjectMeta;
  readonly spec?: Partial<PodSpec>;
  readonly container?: Partial<Container>;
  readonly status?: PodStatus;
}

/** A pod of one GPU as it reaches admission by a plain create, with overrides on top. */
export function makePod({ metadata = {}, spec = {}, container = {}, status }: PodParts = {}): Pod {
  return {
    metadata: { name: 'train', namespace: 'team-a', ...metadata },
    spec: {
      terminationGracePeriodSeconds: 30,
      containers: [
        {
          name: 'main',
          image: 'registry.example/train:1',
          resources: { requests: { 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
          ...container,
        },
      ],
      ...spec,
    },
    ...(status !== undefined && { status }),
  };
}
