import { z } from 'zod';
import { strictSection } from '../../certs/serving/strict-yaml.ts';
import { METRIC_LABEL } from '../signals/catalogue.ts';

const urlField = z.string().transform((text, context) => {
  const url = URL.parse(text);
  const isServer = url !== null && /^https?:$/.test(url.protocol) && url.search === '';
  if (isServer && url.username === '' && url.password === '') {
    return text.endsWith('/') ? text.slice(0, -1) : text;
  }
  context.addIssue({
    code: 'custom',
    message: 'expected the address of a Prometheus, such as "http://prometheus.monitoring:9090"',
  });
  return z.NEVER;
});

/** A label's value, as it stands in a question. */
const VALUE = /^[^\s"$\\]{1,253}$/;
/** In one question together. */
const MOST_COMBINATIONS = 64;

/** Where signs of faults are asked for beside the API of Kubernetes; absent: nobody is asked. */
export const prometheusSection = strictSection({
  url: urlField,
  /** Certificates to trust, PEM; absent: those of the system. */
  caFile: z.string().optional(),
  /** A bearer token, read for each question. */
  tokenFile: z.string().optional(),
  /**
   * Labels of the targets that are believed, and their values: such as Prometheus itself sets. Whoever runs a pod that
   * Prometheus scrapes can export any metric.
   */
  trusted: z
    .record(z.string(), z.array(z.string()).min(1))
    .refine((labels) => Object.keys(labels).length > 0, {
      error:
        'it would believe every target; name those of the exporters by labels that Prometheus sets, such as namespace: [gpu-operator]',
    })
    .refine(
      (labels) =>
        Object.keys(labels).every((label) => METRIC_LABEL.test(label)) &&
        Object.values(labels).every((values) => values.every((value) => VALUE.test(value))),
      { error: 'expected labels with whole values, such as namespace: [gpu-operator]' },
    )
    .refine(
      (labels) =>
        Object.values(labels).reduce((count, { length }) => count * length, 1) <= MOST_COMBINATIONS,
      { error: `expected at most ${MOST_COMBINATIONS} combinations of values` },
    ),
}).superRefine(({ url, tokenFile }, context) => {
  if (tokenFile === undefined || url.startsWith('https:')) return;
  context.addIssue({
    code: 'custom',
    path: ['tokenFile'],
    message: 'a token goes over TLS only; write an https:// address, or leave it out',
  });
});

export type PrometheusSettings = z.output<typeof prometheusSection>;
