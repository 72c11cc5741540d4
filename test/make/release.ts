import type { Release } from '../../extender/release/releases.ts';

/** An eviction at second 1,000 of a pod of a Job, from node gpu-1. */
export function makeRelease(overrides: Partial<Release> = {}): Release {
  return {
    uid: 'uid-train-0',
    namespace: 'team-a',
    name: 'train-0',
    slot: 'team-a/Job/train/0',
    owner: 'team-a/Job/train',
    node: 'gpu-1',
    device: 'GPU-1',
    kind: 'brokenDevice',
    how: 'evicted',
    atSeconds: 1000,
    words: 'the kubelet calls GPU-1 unhealthy; on gpu-2 it can expect to lose 3 h less',
    better: 'gpu-2',
    gainSeconds: 10_800,
    againSeconds: 3600,
    ...overrides,
  };
}
