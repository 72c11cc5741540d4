import { describe, expect, test } from 'vitest';
import { tolerations } from '../../../webhook/rules/tolerations.ts';
import type { Toleration } from '../../../webhook/words/pod.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';
import { ruled } from '../../make/ruling.ts';

const GPU: Toleration = { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' };
const SKU = { key: 'sku', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' };
const APPENDED = `/spec/tolerations/- = ${JSON.stringify(GPU)}`;

describe('tolerations', () => {
  const rows: readonly {
    name: string;
    held?: readonly Toleration[];
    wanted?: readonly Toleration[];
    rules: readonly string[];
  }[] = [
    {
      name: 'a pod without any gets the list first',
      rules: ['toleration nvidia.com/gpu:NoSchedule', '/spec/tolerations = []', APPENDED],
    },
    { name: 'a pod that has it', held: [GPU], rules: [] },
    { name: 'a pod that tolerates everything', held: [{ operator: 'Exists' }], rules: [] },
    {
      name: 'a pod with another one keeps it',
      held: [{ key: 'a', operator: 'Exists' }],
      rules: ['toleration nvidia.com/gpu:NoSchedule', APPENDED],
    },
    {
      name: 'an operator that nobody here knows covers nothing',
      held: [{ ...GPU, operator: 'Gt', value: '3' }],
      rules: ['toleration nvidia.com/gpu:NoSchedule', APPENDED],
    },
    {
      name: 'a profile that says it twice',
      held: [],
      wanted: [GPU, GPU],
      rules: ['toleration nvidia.com/gpu:NoSchedule', APPENDED],
    },
    {
      name: 'each one that is missing, the list once',
      wanted: [GPU, SKU],
      rules: [
        'toleration nvidia.com/gpu:NoSchedule',
        '/spec/tolerations = []',
        APPENDED,
        'toleration sku=gpu:NoSchedule',
        `/spec/tolerations/- = ${JSON.stringify(SKU)}`,
      ],
    },
  ];
  test.each(rows)('$name', ({ held, wanted = [GPU], rules }) => {
    const pod = makePod(held === undefined ? {} : { spec: { tolerations: held } });
    expect(ruled(tolerations(pod, makeProfile({ tolerations: wanted })))).toEqual(rules);
  });
});
