import type { V1Job, V1Pod, V1PodSpec } from '@kubernetes/client-node';
import { PROFILE } from '../../webhook/words/keys.ts';
import { GPU } from './bed-keys.ts';

/** What differs from a pod of one GPU that has opted in. */
export interface WorkloadOptions {
  readonly gpus?: number;
  readonly image?: string;
  /** `undefined` leaves the opt-in annotation out. */
  readonly profile?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly schedulerName?: string;
}

const DEFAULT_IMAGE = 'registry.example/train:1';

/** A bare pod. */
export function pod(name: string, options: WorkloadOptions = {}): V1Pod {
  return { metadata: { name, annotations: annotationsOf(options) }, spec: podSpec(options) };
}

/** An Indexed Job with one pod an index, all at once. */
export function indexedJob(
  name: string,
  completions: number,
  options: WorkloadOptions = {},
): V1Job {
  return {
    metadata: { name },
    spec: {
      completions,
      parallelism: completions,
      completionMode: 'Indexed',
      backoffLimit: 100,
      template: {
        metadata: { annotations: annotationsOf(options) },
        spec: podSpec(options),
      },
    },
  };
}

function annotationsOf(options: WorkloadOptions): Record<string, string> {
  const profile = 'profile' in options ? options.profile : 'nvidia';
  return { ...(profile !== undefined && { [PROFILE]: profile }), ...options.annotations };
}

function podSpec({ gpus = 1, image = DEFAULT_IMAGE, schedulerName }: WorkloadOptions): V1PodSpec {
  return {
    restartPolicy: 'Never',
    ...(schedulerName !== undefined && { schedulerName }),
    containers: [
      {
        name: 'main',
        image,
        ...(gpus > 0 && { resources: { limits: { [GPU]: String(gpus) } } }),
      },
    ],
  };
}
