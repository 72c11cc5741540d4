import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { z } from 'zod';
import { manifestText } from '../extender/commands/actions/manifests.ts';
import { asksFor } from '../webhook/registration/match-conditions.ts';
import { mutatingWebhookConfiguration } from '../webhook/registration/registration.ts';
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
  const webhook = await copy('base/config/webhook.yaml');
  const extender = await copy('base/config/extender.yaml');
  return new Map([
    ['base/devicehistory.yaml', definition],
    ['base/webhook-configuration.yaml', await manifestText('webhook', options)],
    ['admission-policy.yaml', await manifestText('policy', options)],
    [
      'components/cluster-scheduler-loopback/scheduler.yaml',
      await manifestText('scheduler', options),
    ],
    [
      'components/cluster-scheduler-https/scheduler.yaml',
      await manifestText('scheduler', { ...options, reach: 'https' }),
    ],
    ['components/own-scheduler/webhook.yaml', beginning(webhook, OWN_SCHEDULER)],
    [
      'components/own-scheduler/extender.yaml',
      edited(extender, '# wholeNode: 15m', 'wholeNode: 15m'),
    ],
    ['components/hints/webhook.yaml', beginning(webhook, AVOIDS_HAZARD)],
    ['components/hints/extender.yaml', edited(extender, NO_HINTS, HINTS)],
    [
      'components/cluster-scheduler-loopback/daemon-set.yaml',
      daemonSet(await copy('base/extender.yaml')),
    ],
    ['chart/files/profiles.yaml', await copy('base/config/profiles.yaml')],
    ['chart/files/scheduler.yaml', await copy('components/own-scheduler/scheduler.yaml')],
    ['chart/files/rules.yaml', await copy('components/prometheus/rules.yaml')],
    ['chart/files/surefoot.json', await copy('components/prometheus/surefoot.json')],
    ['chart/templates/devicehistory.yaml', chartDefinition(definition)],
    ['chart/templates/webhook-configuration.yaml', chartRegistration()],
    ['chart/values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
  ]);
}

/** A part of a text in another's place. Throws where it is not there, so that no edit is lost unseen. */
function edited(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`nothing reads ${JSON.stringify(part)} any more`);
  return text.replace(part, () => by);
}

/** webhook.yaml with these lines at its beginning. */
function beginning(webhook: string, lines: string): string {
  return edited(webhook, 'kind: Webhook\n', `kind: Webhook\n${lines}`);
}

const OWN_SCHEDULER = `# Device pods go to this scheduler, unless somebody has chosen one or their profile names another.
schedulerName: surefoot-scheduler
`;
const AVOIDS_HAZARD = `# Prepared pods softly prefer nodes without the label surefoot.dev/hazard, unless they say something of it themselves.
avoidHazard: true
# And the node that their slot has left, as long as it is marked as its home.
preferHome: true
`;
const NO_HINTS = `# Marks on nodes for clusters whose scheduler cannot ask; see the component hints:
# hints: { label: true, homes: true }
`;
const HINTS = `# Nobody asks here, so that is no alarm:
asked: false
# Marks on nodes for schedulers that do not ask. At most mostPercent of the nodes have one, the worst first.
hints:
  label: true
  # A label for each slot that is away (surefoot.dev/home-...) on the node that is its home, a hash of its name:
  homes: true
  # Also PreferNoSchedule on nodes of high hazard, for pods that nobody has prepared:
  taint: false
  mostPercent: 10
`;
const ON_CONTROL_PLANES = `priorityClassName: system-node-critical
      # The scheduler asks at 127.0.0.1 of its node; nothing but loopback is listened on there.
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      nodeSelector: { node-role.kubernetes.io/control-plane: "" }
      tolerations:
        - { key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule }`;

/** The extender's Deployment as a pod on each control-plane node, on loopback altogether. */
function daemonSet(extender: string): string {
  const deployment = extender.slice(extender.indexOf('apiVersion: apps/v1'));
  return [
    ['kind: Deployment', 'kind: DaemonSet'],
    ['  replicas: 1\n', ''],
    ['priorityClassName: system-cluster-critical', ON_CONTROL_PLANES],
    ['"--admin=:9091"', '"--admin=127.0.0.1:9091"'],
    ...['startup', 'liveness', 'readiness'].map((probe) => {
      const path = probe === 'readiness' ? '/readyz' : '/livez';
      const head = `${probe}Probe:\n            httpGet: { path: ${path}, port: admin`;
      return [head, `${head}, host: 127.0.0.1`];
    }),
  ].reduce((text, [part = '', by = '']) => edited(text, part, by), deployment);
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
