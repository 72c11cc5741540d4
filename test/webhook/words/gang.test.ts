import { expect, test } from 'vitest';
import { gangOf } from '../../../webhook/words/gang.ts';

const slot = (workload: string, number: string) => ({
  key: `${workload}/${number}`,
  workload,
  interchangeable: false,
});

test.each([
  { name: 'an Indexed Job', slot: slot('a/Job/train', '3'), gang: 'a/Job/train' },
  { name: 'a JobSet', slot: slot('a/JobSet/train', 'workers/0.3'), gang: 'a/JobSet/train' },
  { name: 'a PyTorchJob', slot: slot('a/PyTorchJob/t', 'Worker/1'), gang: 'a/PyTorchJob/t' },
  {
    name: 'one group of a LeaderWorkerSet',
    slot: slot('a/LeaderWorkerSet/llm', '3.1'),
    gang: 'a/LeaderWorkerSet/llm/3',
  },
  { name: 'a StatefulSet', slot: slot('a/StatefulSet/nb', 'nb-1'), gang: undefined },
  {
    name: 'a StatefulSet of another group',
    slot: slot('a/StatefulSet.apps.kruise.io/nb', '1'),
    gang: undefined,
  },
  { name: 'steps of a workflow', slot: slot('a/Workflow/w', 'w.train'), gang: undefined },
  {
    name: 'replicas',
    slot: { key: 'a/Deployment/web', workload: 'a/Deployment/web', interchangeable: true },
    gang: undefined,
  },
  {
    name: 'a lone pod',
    slot: { key: 'a/Pod/p', workload: 'a/Pod/p', interchangeable: false },
    gang: undefined,
  },
  {
    name: 'a slot that its pod names itself',
    slot: { ...slot('a/Job/train', 'left'), isNamed: true },
    gang: undefined,
  },
])('$name', ({ slot: of, gang }) => {
  expect(gangOf(of)).toBe(gang);
});
