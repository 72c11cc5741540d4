import { X509Certificate } from 'node:crypto';
import { styleText } from 'node:util';
import { loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { counted } from '../../../webhook/words/counted.ts';
import { spanInWords } from '../../../webhook/words/duration.ts';
import { type Symptom, symptoms } from '../../doctor/checks.ts';
import { look } from '../../doctor/look.ts';
import type { Seen } from '../../doctor/seen.ts';
import type { ShownAbout } from '../../page/shapes.ts';
import { agoInWords } from '../terminal/ago.ts';
import { dataText } from '../terminal/data.ts';
import type { OutputForm } from '../terminal/list.ts';
import {
  answerAt,
  askPages,
  NoExtender,
  type PageOptions,
  SYSTEM_NAMESPACE,
} from './extender-pages.ts';

export interface StatusOptions extends PageOptions {
  readonly output: OutputForm;
}

/** What is known of an installation. */
interface Known {
  /** What its extenders say of themselves, the one that leads first; empty where none answers. */
  readonly extenders: readonly ShownAbout[];
  /** What doctor finds; absent where only a page was asked. */
  readonly checked?: { readonly seen: Seen; readonly symptoms: readonly Symptom[] };
}

/** Says on one screen whether Surefoot is well. */
export async function status(
  options: StatusOptions,
): Promise<{ readonly text: string; readonly isWell: boolean }> {
  const known = await knownOf(options);
  const isWell = wrongsOf(known).length === 0;
  const { extenders, checked } = known;
  const data = { isWell, extenders, ...(checked !== undefined && { symptoms: checked.symptoms }) };
  return { text: dataText(data, options.output) ?? inWords(known, isWell), isWell };
}

async function knownOf(options: StatusOptions): Promise<Known> {
  const extenders: ShownAbout[] = [];
  await askPages(options, async (page) => {
    extenders.push((await answerAt<ShownAbout>(page, 'about')) as ShownAbout);
    return undefined;
  }).catch((error: unknown) => {
    if (!(error instanceof NoExtender)) throw error;
  });
  extenders.sort((a, b) => Number(b.leads) - Number(a.leads));
  if (options.page !== undefined) return { extenders };
  const seen = await look(loadKubeConfig(options), {
    namespace: options.systemNamespace ?? SYSTEM_NAMESPACE,
    nowSeconds: Date.now() / 1000,
  });
  return { extenders, checked: { seen, symptoms: symptoms(seen) } };
}

/** What is not as it should be, each with what to do. */
function wrongsOf({ extenders, checked }: Known): readonly string[] {
  const found = (checked?.symptoms ?? []).filter(({ level }) => level === 'error');
  return [
    ...(extenders.length === 0
      ? ['no extender answers -> surefoot doctor says what is missing']
      : []),
    ...extenders.flatMap(({ identity, problems }) =>
      problems.map((problem) => `${identity}: ${problem}`),
    ),
    ...found.map(({ check, words, fix }) => `${check}: ${words} -> ${fix}`),
  ];
}

function inWords(known: Known, isWell: boolean): string {
  const { extenders, checked } = known;
  const [leader] = extenders;
  const warnings = (checked?.symptoms ?? []).filter(({ level }) => level === 'warning');
  const name = `Surefoot${leader === undefined ? '' : ` ${leader.version}`}`;
  const rows = [
    ...(checked === undefined ? [] : [['cluster', clusterInWords(checked.seen, leader)] as const]),
    ...(leader === undefined ? [] : aboutRows(leader, extenders)),
    ...(checked === undefined ? [] : checkedRows(checked)),
  ];
  const wrongs = wrongsOf(known);
  const unseen = warnings.filter(({ words }) => words.startsWith('could not be looked at')).length;
  return [
    isWell
      ? styleText(
          'green',
          `${name} is well${unseen === 0 ? '' : `, as far as you may look: ${counted(unseen, 'check')} could not be made`}`,
        )
      : styleText('red', `${name} is not well: ${counted(wrongs.length, 'thing')} to mend`),
    ...wrongs.map((wrong) => `  ${wrong}`),
    ...rows.map(([title, words]) => `  ${title.padEnd(13)}${words}`),
    ...(warnings.length === 0
      ? []
      : [
          `  ${'warnings'.padEnd(13)}${warnings.length}: ${warnings.map(({ check }) => check).join(', ')}; see surefoot doctor`,
        ]),
  ].join('\n');
}

function clusterInWords({ kubernetes, namespace }: Seen, leader: ShownAbout | undefined): string {
  const named = leader?.cluster === undefined ? '' : `${leader.cluster}, `;
  return `${named}Kubernetes ${kubernetes}, namespace ${namespace}`;
}

type Row = readonly [title: string, words: string];

function aboutRows(leader: ShownAbout, extenders: readonly ShownAbout[]): readonly Row[] {
  const { at, cluster, mode, identity, leads, question, questions, watches, fleet, pods } = leader;
  const others =
    extenders.length === 1 ? 'the only replica' : `one of ${extenders.length} replicas`;
  return [
    ...(cluster === undefined ? [] : [['called', cluster] as const]),
    ['mode', MODES[mode]],
    ['extender', leads ? `${identity} leads: ${others}` : `${identity}; none leads`],
    [
      'scheduler',
      question === undefined
        ? 'none has asked yet'
        : `${question.scheduler} asked ${agoInWords(question.at, at)}; ${counted(questions, 'question')}`,
    ],
    ['watches', watchesInWords(watches, at)],
    [
      'fleet',
      `${counted(fleet.nodes, 'node')}, ${counted(fleet.devices, 'device')}; ${fleet.bad} broken; nodes of high hazard: ${fleet.high}, elevated: ${fleet.elevated}`,
    ],
    [
      'pods',
      `with devices: ${pods.devicePods}; waiting for a node: ${pods.pending}, of them for their own: ${pods.gated}; unprepared: ${pods.unprepared}`,
    ],
    ...placementRows(leader.placement ?? {}),
  ];
}

function placementRows({ act, observe }: NonNullable<ShownAbout['placement']>): readonly Row[] {
  return [
    ...(act === undefined
      ? []
      : [
          [
            'last 7 days',
            `${counted(act.placed, 'pod')} placed, ${act.wentHome} of ${act.hadHome} back on their own node; ${act.savedDeviceHours} device-hours less to lose than on average nodes`,
          ] as const,
        ]),
    ...(observe === undefined
      ? []
      : [
          [
            'observed 7 d',
            `${counted(observe.placed, 'pod')} placed, ${observe.wentHome} of ${observe.hadHome} would be back on their own node; ${observe.savedDeviceHours} device-hours less to lose than where they are`,
          ] as const,
        ]),
  ];
}

const MODES = {
  act: 'act: pods are prepared, and the scheduler is told what each node costs',
  observe: 'observe: everything is recorded and nothing is changed; surefoot mode act begins',
} as const;

/** Whatever else is watched, these two always have something to tell. */
const BUSY_KINDS = ['nodes', 'pods'];

function watchesInWords(watches: ShownAbout['watches'], at: string): string {
  const busy = watches.filter(({ kind }) => BUSY_KINDS.includes(kind));
  const heard = busy.map(({ kind, heardAt }) => `${kind} heard ${agoInWords(heardAt, at)}`);
  return [counted(watches.length, 'kind'), ...heard].join(', ');
}

function checkedRows({ seen, symptoms }: NonNullable<Known['checked']>): readonly Row[] {
  const found = symptoms.find(({ check }) => check === 'webhook');
  const kept = seen.certificates.ok ? seen.certificates.value?.certificate : undefined;
  const until = kept ? new X509Certificate(kept).validTo : undefined;
  return [
    ...(found === undefined ? [] : [['webhook', found.words] as const]),
    ...(until === undefined
      ? []
      : [
          [
            'certificate',
            `good for another ${spanInWords(Date.parse(until) / 1000 - seen.serverSeconds)}`,
          ] as const,
        ]),
  ];
}
