import { styleText } from 'node:util';
import { type ApiOptions, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { type Severity, type Symptom, symptoms } from '../../doctor/checks.ts';
import { look } from '../../doctor/look.ts';
import type { Seen } from '../../doctor/seen.ts';
import { dataText } from '../terminal/data.ts';

export interface DoctorOptions extends ApiOptions {
  readonly namespace: string;
  readonly extenderAdmin?: string;
  readonly output: 'table' | 'json' | 'yaml';
}

const MARKS: Readonly<Record<Severity, string>> = {
  ok: styleText('green', 'ok     '),
  warning: styleText('yellow', 'warning'),
  error: styleText('red', 'error  '),
};

/** Looks at a live cluster; gives what to print, and whether anything is an error. */
export async function doctor(
  options: DoctorOptions,
): Promise<{ readonly text: string; readonly isWell: boolean }> {
  const { namespace, extenderAdmin } = options;
  const seen = await look(loadKubeConfig(options), {
    namespace,
    ...(extenderAdmin !== undefined && { extenderAdmin }),
    nowSeconds: Date.now() / 1000,
  });
  const found = symptoms(seen);
  const isWell = found.every(({ level }) => level !== 'error');
  const report = { ...whereabouts(seen), symptoms: found };
  const text = dataText(report, options.output) ?? `${heading(report)}\n${inWords(found)}`;
  return { text, isWell };
}

/** Which cluster was looked at, for those who have several. */
interface Whereabouts {
  readonly cluster?: string;
  readonly kubernetes: string;
  readonly namespace: string;
}

function whereabouts({ configuration, kubernetes, namespace }: Seen): Whereabouts {
  const cluster = configuration.ok ? configuration.value?.cluster : undefined;
  return { ...(cluster !== undefined && { cluster }), kubernetes, namespace };
}

function heading({ cluster, kubernetes, namespace }: Whereabouts): string {
  const named = cluster === undefined ? [] : [`cluster ${cluster}`];
  return [...named, `Kubernetes ${kubernetes}`, `namespace ${namespace}`].join(', ');
}

function inWords(found: readonly Symptom[]): string {
  const width = Math.max(...found.map(({ check }) => check.length));
  return found
    .flatMap(({ check, level, words, fix }) => [
      `${MARKS[level]}  ${check.padEnd(width)}  ${words}`,
      ...(fix === undefined ? [] : [`${' '.repeat(7)}  ${' '.repeat(width)}  -> ${fix}`]),
    ])
    .join('\n');
}
