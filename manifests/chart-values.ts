import { z } from 'zod';
import { releaseSchema } from '../extender/release/settings.ts';
import { extenderSchema } from '../extender/settings.ts';
import { webhookSchema } from '../webhook/settings.ts';
import { installationSchema } from '../webhook/words/installation.ts';
import { deviceProfileSchema } from '../webhook/words/profile.ts';

/** values.yaml of the chart: what is in the configuration files has their schema, the rest is Kubernetes' own. */

const object = z.record(z.string(), z.unknown());
const texts = z.record(z.string(), z.string());
const enabled = z.strictObject({ enabled: z.boolean() });
const image = z.strictObject({
  registry: z.string(),
  repository: z.string().min(1),
  tag: z.string(),
  digest: z.string().regex(/^$|^sha256:[0-9a-f]{64}$/),
});
const pods = {
  replicaCount: z.int().min(1).max(10),
  resources: object,
  nodeSelector: texts,
  tolerations: z.array(object),
};
const fileHead = { apiVersion: true, kind: true } as const;

export const chartValuesSchema = z.strictObject({
  mode: installationSchema.shape.mode,
  cluster: z.union([z.literal(''), installationSchema.shape.cluster.unwrap()]),
  image: image.extend({ pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']) }),
  imagePullSecrets: z.array(z.strictObject({ name: z.string() })),
  config: z.strictObject({
    profiles: z.array(deviceProfileSchema),
    webhook: webhookSchema.omit(fileHead),
    extender: extenderSchema.in.omit(fileHead),
  }),
  scheduler: enabled.extend({ image, resources: object }),
  hints: enabled,
  waitForHome: enabled.extend({ image }),
  release: enabled.extend({ ...pods, rules: releaseSchema.in.omit(fileHead) }),
  webhook: z.strictObject({
    ...pods,
    failurePolicy: z.enum(['Ignore', 'Fail']),
    timeoutSeconds: z.int().min(1).max(30),
    port: z.int().min(1024).max(65_535),
    hostNetwork: z.boolean(),
  }),
  extender: z.strictObject(pods),
  certs: z.strictObject(pods),
  certManager: enabled,
  highAvailability: enabled,
  prometheus: z.strictObject({ podMonitor: enabled, rules: enabled, dashboard: enabled }),
  networkPolicies: enabled,
  guards: enabled,
  crds: enabled,
  priorityClassName: z.string(),
  podAnnotations: texts,
  commonLabels: texts,
  // Helm's own, which reach every chart.
  global: object.optional(),
});
