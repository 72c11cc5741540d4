import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { manifestText } from '../extender/commands/manifests.ts';
import { asksFor } from '../webhook/match-conditions.ts';
import { mutatingWebhookConfiguration } from '../webhook/registration.ts';
import { chartValuesSchema } from './chart-values.ts';

const HERE = import.meta.dirname;
const MADE = '# Made by: npm run manifests';

/** Path under manifests/ to text: what follows from the code, or is a copy. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const options = {
    config: join(HERE, 'base/config'),
    service: 'surefoot-system/surefoot-webhook',
  };
  const definition = await manifestText('devicehistory', options);
  const copy = (path: string) => readFile(join(HERE, path), 'utf8');
  return new Map([
    ['base/devicehistory.yaml', definition],
    ['base/webhook-configuration.yaml', await manifestText('webhook', options)],
    ['admission-policy.yaml', await manifestText('policy', options)],
    ['chart/files/profiles.yaml', await copy('base/config/profiles.yaml')],
    ['chart/files/scheduler.yaml', await copy('components/own-scheduler/scheduler.yaml')],
    ['chart/files/rules.yaml', await copy('components/prometheus/rules.yaml')],
    ['chart/files/surefoot.json', await copy('components/prometheus/surefoot.json')],
    ['chart/templates/devicehistory.yaml', chartDefinition(definition)],
    ['chart/templates/webhook-configuration.yaml', chartRegistration()],
    ['chart/values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
  ]);
}

/** Stays when the chart goes: histories are for the life of the hardware. */
function chartDefinition(definition: string): string {
  const text = definition
    .replace(/^# .*\n/, '')
    .replace(
      /^ {2}labels:\n {4}app\.kubernetes\.io\/name: surefoot\n/m,
      `  annotations:\n    helm.sh/resource-policy: keep\n${LABELS}`,
    );
  return `${MADE}\n{{- if .Values.crds.enabled }}\n${text}{{- end }}\n`;
}

const LABELS = '  labels:\n    {{- include "surefoot.labels" (dict "root" .) | nindent 4 }}\n';

/** Its conditions ask for the devices of the profiles in the values. */
function chartRegistration(): string {
  const clientConfigOf = (path: string) => ({
    service: { namespace: 'surefoot-system', name: 'surefoot-webhook', path, port: 443 },
  });
  const sample = ['example.com/device'];
  const text = stringify(mutatingWebhookConfiguration(sample, clientConfigOf), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
    // What takes the place of the devices has single quotes.
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
  });
  return `${MADE}\n${text
    .replaceAll(isDevice(sample), '{{ include "surefoot.isDevice" . }}')
    .replaceAll('"surefoot-system"', '{{ .Release.Namespace | quote }}')
    .replaceAll('failurePolicy: "Ignore"', 'failurePolicy: {{ .Values.webhook.failurePolicy }}')
    .replaceAll('timeoutSeconds: 2', 'timeoutSeconds: {{ .Values.webhook.timeoutSeconds }}')
    .replace(
      /^ {2}labels:\n {4}app\.kubernetes\.io\/name: "surefoot"\n/m,
      `{{- if .Values.certManager.enabled }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/surefoot-webhook
{{- end }}
${LABELS}`,
    )}`;
}

/** The part of a condition that says what a device is. */
function isDevice(patterns: readonly string[]): string {
  const condition = asksFor('pods', [...patterns, 'deviceclass.resource.kubernetes.io/*']);
  const found = /exists\(k, \((.*?)\) && quantity/.exec(condition)?.[1];
  if (found === undefined) throw new Error('a condition without devices');
  return found;
}

/** Helm reads draft 7. Whoever sets one value need not repeat the others. */
function valuesSchema(): object {
  return z.toJSONSchema(chartValuesSchema, { target: 'draft-7', io: 'input' });
}
