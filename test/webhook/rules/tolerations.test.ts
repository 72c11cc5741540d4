import { describe, expect, test } from 'vitest';
import { missingTolerations } from '../../../webhook/rules/tolerations.ts';
import type { Toleration } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';

const GPU: Toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };

describe('missingTolerations', () => {
  const rows: readonly {
    name: string;
    held?: readonly Toleration[];
    wanted: readonly Toleration[];
    missing: readonly Toleration[];
  }[] = [
    { name: 'a pod without any', wanted: [GPU], missing: [GPU] },
    { name: 'a pod that has it', held: [GPU], wanted: [GPU], missing: [] },
    {
      name: 'a pod that tolerates everything',
      held: [{ operator: 'Exists' }],
      wanted: [GPU],
      missing: [],
    },
    {
      name: 'a pod with another one',
      held: [{ key: 'a', operator: 'Exists' }],
      wanted: [GPU],
      missing: [GPU],
    },
    { name: 'a profile that says it twice', wanted: [GPU, GPU], missing: [GPU] },
  ];
  test.each(rows)('$name', ({ held, wanted, missing }) => {
    const pod = makePod(held === undefined ? {} : { spec: { tolerations: held } });
    expect(missingTolerations(pod, wanted)).toEqual(missing);
  });
});
