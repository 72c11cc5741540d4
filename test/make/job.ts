import type { Job } from '../../webhook/words/job.ts';
import type { ObjectMeta, PodSpec } from '../../webhook/words/pod.ts';
import { makePod } from './pod.ts';

export interface JobParts {
  readonly metadata?: ObjectMeta;
  readonly spec?: Partial<Job['spec']>;
  readonly template?: ObjectMeta;
  readonly podSpec?: Partial<PodSpec>;
}

/** An Indexed Job of one-GPU pods as it reaches admission by a plain create, with overrides on top. */
export function makeJob({ metadata = {}, spec = {}, template, podSpec }: JobParts = {}): Job {
  return {
    metadata: { name: 'train', namespace: 'team-a', ...metadata },
    spec: {
      completionMode: 'Indexed',
      completions: 4,
      backoffLimit: 6,
      podReplacementPolicy: 'TerminatingOrFailed',
      template: {
        ...(template !== undefined && { metadata: template }),
        spec: { ...makePod().spec, restartPolicy: 'Never', ...podSpec },
      },
      ...spec,
    },
  };
}
