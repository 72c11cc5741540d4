import type { ObjectMeta, PodSpec } from './pod.ts';

/** What Surefoot reads of a batch/v1 Job. Field names are the API's; the wire may hold more. */
export interface Job {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly template: { readonly metadata?: ObjectMeta | null; readonly spec: PodSpec };
    readonly completionMode?: string | null;
    readonly completions?: number | null;
    readonly backoffLimit?: number | null;
    readonly backoffLimitPerIndex?: number | null;
    readonly podFailurePolicy?: object | null;
    readonly podReplacementPolicy?: string | null;
    readonly managedBy?: string | null;
  };
}
