import type { KubeConfig } from '@kubernetes/client-node';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { PODS } from '../../../certs/cluster/collections.ts';
import { contextNamespace, loadKubeConfig } from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { spanInWords } from '../../../webhook/words/duration.ts';
import { MOST_DECISIONS } from '../../decisions/record.ts';
import { LOSS_TERMS } from '../../forecast/loss-terms.ts';
import type { ShownDecision, ShownDecisions, ShownForecast, ShownTerm } from '../../page/shapes.ts';
import { shownTerms } from '../../page/shown.ts';
import { dataText } from '../terminal/data.ts';
import { tableText } from '../terminal/table.ts';
import { answerAt, askPages, type PageOptions } from './extender-pages.ts';

export interface WhyOptions extends PageOptions {
  /** Absent: the one that the pod's name has, or the context's, or `default`. */
  readonly namespace?: string;
  readonly output: 'table' | 'wide' | 'json' | 'yaml';
  readonly nowSeconds?: () => number;
}

/** A decision, and the terms that its forecasts have. */
interface Told {
  readonly decision: ShownDecision;
  /** The extender's time, which is not this machine's where the fleet is built in; absent before 0.2. */
  readonly nowSeconds?: number;
  readonly terms: readonly ShownTerm[];
}

const LEGEND =
  'LOSS: what the pod’s job can expect to lose there. SCORE: what the scheduler was told; it adds ten times that. -: nothing.';

/** Rows of the table, unless it is to be wide. */
const FEW = 5;

/** Says why a pod is where it is: what each node was forecast to cost it, and where it went. */
export async function why(pod: string, options: WhyOptions): Promise<string> {
  const { output, nowSeconds = () => Date.now() / 1000 } = options;
  const told = await decisionAbout(podNamed(pod, options.namespace), options);
  return (
    dataText(told.decision, output) ??
    inWords(told, output === 'wide', told.nowSeconds ?? nowSeconds())
  );
}

interface PodName {
  readonly namespace?: string;
  readonly name: string;
}

/** `web-0`, `pod/web-0` as kubectl writes it, or `team-a/web-0` as the page does. */
function podNamed(text: string, namespace: string | undefined): PodName {
  const [name = '', before, ...rest] = text.split('/').reverse();
  const own = before === 'pod' || before === 'pods' ? undefined : before;
  if (name === '' || own === '' || rest.length > 0) {
    throw new WrongCall(`"${text}" names no pod; write POD or NAMESPACE/POD`);
  }
  if (own !== undefined && namespace !== undefined && own !== namespace) {
    throw new WrongCall(
      `"${text}" is in the namespace ${own}, and --namespace says ${namespace}; leave one of them out`,
    );
  }
  const found = own ?? namespace;
  return { name, ...(found !== undefined && { namespace: found }) };
}

/** Of several extenders the one has it whose scheduler has asked. */
async function decisionAbout(named: PodName, options: WhyOptions): Promise<Told> {
  const config = options.page === undefined ? loadKubeConfig(options) : undefined;
  const namespace = named.namespace ?? (config && contextNamespace(config)) ?? 'default';
  const pod = `${namespace}/${named.name}`;
  const told = await askPages(options, (page) => decisionAt(page, pod));
  if (told !== undefined) return told;
  if (config !== undefined && !(await isThere(config, namespace, named.name))) {
    throw new Error(
      `there is no pod ${pod}, and no decision about one is remembered; kubectl get pods -n ${namespace} lists those that are`,
    );
  }
  return noDecision(pod);
}

/** Whether the pod is there; taken to be where the caller may not look. */
async function isThere(config: KubeConfig, namespace: string, name: string): Promise<boolean> {
  try {
    return (await new ApiObjects(config, { ...PODS, namespace }).find(name)) !== undefined;
  } catch {
    return true;
  }
}

function noDecision(pod: string): never {
  throw new Error(
    `no decision about ${pod} is remembered: its scheduler did not ask (only one node was left, or it is another scheduler), it has not opted in, or ${MOST_DECISIONS} pods have been asked about since`,
  );
}

async function decisionAt(page: string, pod: string): Promise<Told | undefined> {
  const body = await answerAt<ShownDecisions>(page, `decisions?pod=${encodeURIComponent(pod)}`);
  const decision = body.decisions?.[0];
  if (decision === undefined) return undefined;
  if (body.terms === undefined) return fromEarlierForm(decision);
  return {
    decision,
    terms: body.terms,
    ...(body.at !== undefined && { nowSeconds: Date.parse(body.at) / 1000 }),
  };
}

/** What an extender before 0.2 shows: its four terms by their own names, and no table of them. */
function fromEarlierForm(decision: ShownDecision): Told {
  const forecasts = decision.forecasts.map((one) => ({
    ...one,
    seconds: {
      pull: one.pullSeconds,
      cold: one.coldSeconds,
      risk: one.riskSeconds,
      displaced: one.displacedSeconds,
    },
  }));
  const names = new Set(['pull', 'cold', 'risk', 'displaced']);
  const terms = shownTerms(LOSS_TERMS.filter(({ name }) => names.has(name)));
  return { decision: { ...decision, forecasts }, terms };
}

function inWords({ decision, terms: all }: Told, isWide: boolean, nowSeconds: number): string {
  const { pod, forecasts, boundTo, unasked, remarks } = decision;
  if (unasked !== undefined) {
    const placed = boundTo === undefined ? '' : `placed on ${boundTo} without a question; `;
    return [
      `${pod.namespace}/${pod.name}: ${placed}${unasked.words}`,
      ...remarks.map(({ words }) => words),
    ].join('\n');
  }
  const best = onlyBest(forecasts);
  const chosen = forecasts.find(({ node }) => node === boundTo);
  const rows = isWide ? forecasts.map((one) => [one]) : fewOf(folded(forecasts, chosen), chosen);
  const shown = rows.flatMap(([first]) => (first === undefined ? [] : [first]));
  const terms = all.filter(({ name }) =>
    shown.some(({ seconds }) => isWorthShowing(seconds[name])),
  );
  return [
    ...headline(decision, nowSeconds),
    tableText([
      ['NODE', 'LOSS', ...terms.map(({ column }) => column), 'SCORE'],
      ...rows.flatMap((same) => row(same, terms, best, chosen)),
    ]),
    '',
    ...shown.map(({ words }) => words),
    '',
    LEGEND,
  ].join('\n');
}

function headline(
  { pod, at, mode, boundTo, asked, unknownNodes, forecasts, remarks }: ShownDecision,
  nowSeconds: number,
): readonly string[] {
  const ago = spanInWords(Math.max(0, nowSeconds - Date.parse(at) / 1000));
  const where = boundTo === undefined ? 'not placed yet' : `placed on ${boundTo}`;
  const said = mode === 'observe' ? '; observing: the scheduler was told nothing' : '';
  const unknown = unknownNodes === 0 ? '' : `, of which ${unknownNodes} are not known yet`;
  return [
    `${pod.namespace}/${pod.name}: ${where}; asked ${ago} ago about ${asked} nodes${unknown}${said}`,
    ...betterIn(forecasts, boundTo, mode),
    ...remarks.map(({ words }) => words),
    '',
  ];
}

/** The node that would cost least, unless others would cost the same. */
function onlyBest([best, next]: readonly ShownForecast[]): ShownForecast | undefined {
  const isTie =
    best !== undefined &&
    next !== undefined &&
    !isWorthShowing(next.lossSeconds - best.lossSeconds);
  return isTie ? undefined : best;
}

/** What is worth a word when the pod is not where it would have lost least. */
function betterIn(
  forecasts: readonly ShownForecast[],
  boundTo: string | undefined,
  mode: ShownDecision['mode'],
): readonly string[] {
  const [best] = forecasts;
  if (best === undefined || boundTo === undefined) return [];
  const chosen = forecasts.find(({ node }) => node === boundTo);
  if (chosen === undefined) {
    return [
      `what ${boundTo} was forecast is not remembered: it was neither among the best nor the worst`,
    ];
  }
  if (chosen.lossSeconds - best.lossSeconds < 0.5) return [];
  const why =
    mode === 'observe'
      ? 'the scheduler had not been told'
      : "the scheduler's other plugins decided, or it was full";
  return [`${best.node} would have cost it less: ${why}`];
}

/** Nodes that cost the pod the same for the same reasons are one row; the one that was chosen has its own. */
function folded(
  forecasts: readonly ShownForecast[],
  chosen: ShownForecast | undefined,
): readonly (readonly ShownForecast[])[] {
  const groups = Map.groupBy(forecasts, (one) => {
    const why = one.words.slice(one.node.length);
    return `${one === chosen ? 'chosen' : ''} ${spanInWords(one.lossSeconds)} ${one.score} ${why}`;
  });
  return [...groups.values()];
}

/** The best rows, the one that was chosen, and the worst. */
function fewOf(
  rows: readonly (readonly ShownForecast[])[],
  chosen: ShownForecast | undefined,
): readonly (readonly ShownForecast[])[] {
  if (rows.length <= FEW) return rows;
  const ofChosen = rows.find(([first]) => first === chosen);
  const wanted = new Set([ofChosen, rows.at(-1), ...rows.slice(0, FEW)]);
  wanted.delete(undefined);
  const few = new Set([...wanted].slice(0, FEW));
  return rows.filter((one) => few.has(one));
}

function row(
  [first, ...others]: readonly ShownForecast[],
  terms: readonly ShownTerm[],
  best: ShownForecast | undefined,
  chosen: ShownForecast | undefined,
): readonly (readonly string[])[] {
  if (first === undefined) return [];
  const { node, lossSeconds, seconds, score } = first;
  const more = others.length === 0 ? '' : ` and ${others.length} more`;
  const mark = first === chosen ? ' <- here' : first === best ? ' (best)' : '';
  return [
    [
      `${node}${more}${mark}`,
      ...[lossSeconds, ...terms.map(({ name }) => seconds[name] ?? 0)].map((lost) =>
        isWorthShowing(lost) ? spanInWords(lost) : '-',
      ),
      score === undefined ? '-' : String(score),
    ],
  ];
}

function isWorthShowing(seconds = 0): boolean {
  return seconds >= 0.5;
}
