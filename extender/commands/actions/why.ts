import type { KubeConfig } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { ApiObjects } from '../../../certs/cluster/api-objects.ts';
import { PODS } from '../../../certs/cluster/collections.ts';
import {
  type ApiOptions,
  contextNamespace,
  loadKubeConfig,
} from '../../../certs/cluster/kube-config.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { spanInWords } from '../../../webhook/words/duration.ts';
import { MOST_DECISIONS } from '../../decisions/record.ts';
import { runningExtenders } from '../../doctor/extender-pods.ts';
import { LOSS_TERMS } from '../../forecast/loss-terms.ts';
import type { ShownDecision, ShownDecisions, ShownForecast, ShownTerm } from '../../page/shapes.ts';
import { shownTerms } from '../../page/shown.ts';
import { tableText } from '../terminal/table.ts';
import { withPageOf } from './page-client.ts';

export interface WhyOptions extends ApiOptions {
  /** Absent: the one that the pod's name has, or the context's, or `default`. */
  readonly namespace?: string;
  /** Where the extender's page is; absent: that of each extender of the cluster, through the API server. */
  readonly page?: string;
  /** Where Surefoot is installed. */
  readonly systemNamespace?: string;
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

/** Rows of the table, unless it is to be wide. */
const FEW = 5;

/** Says why a pod is where it is: what each node was forecast to cost it, and where it went. */
export async function why(pod: string, options: WhyOptions): Promise<string> {
  const { output, nowSeconds = () => Date.now() / 1000 } = options;
  const told = await decisionAbout(podNamed(pod, options.namespace), options);
  switch (output) {
    case 'json':
      return JSON.stringify(told.decision, null, 2);
    case 'yaml':
      return stringify(told.decision).trimEnd();
    default:
      return inWords(told, output === 'wide', told.nowSeconds ?? nowSeconds());
  }
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
  const { page, systemNamespace = 'surefoot-system' } = options;
  if (page !== undefined) {
    const pod = `${named.namespace ?? 'default'}/${named.name}`;
    return (await decisionAt(page, pod)) ?? noDecision(pod);
  }
  const config = loadKubeConfig(options);
  const namespace = named.namespace ?? contextNamespace(config) ?? 'default';
  const pod = `${namespace}/${named.name}`;
  const extenders = await runningExtenders(config, systemNamespace);
  if (extenders.length === 0) {
    throw new Error(
      `no extender runs in ${systemNamespace} of ${config.getCurrentCluster()?.server}; say where Surefoot is with --system-namespace, or where its page is with --page ADDR:PORT (npm start: 127.0.0.1:9092)`,
    );
  }
  for (const extender of extenders) {
    const told = await withPageOf(config, systemNamespace, extender, (at) => decisionAt(at, pod));
    if (told !== undefined) return told;
  }
  if (!(await isThere(config, namespace, named.name))) {
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
  const url = `${addressOf(page)}/api/decisions?pod=${encodeURIComponent(pod)}`;
  let response: Response;
  try {
    response = await fetch(url);
  } catch {
    throw new Error(
      `--page: nothing answers at ${page}; it is where "surefoot extender" or "npm start" shows its page, in a cluster behind kubectl port-forward`,
    );
  }
  const body = (await response.json().catch(() => ({}))) as Partial<ShownDecisions> & {
    error?: string;
  };
  if (!response.ok) throw new Error(body.error ?? `${url} answered ${response.status}`);
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

function addressOf(page: string): string {
  // A port alone is one of this machine; to URL.parse 9292 is the address 0.0.36.76.
  const address = page.replace(/^:?(\d+)$/, '127.0.0.1:$1');
  const url = URL.parse(address.includes('://') ? address : `http://${address}`);
  if (url === null) {
    throw new WrongCall(`--page: "${page}" is no address; write one such as 127.0.0.1:9092`);
  }
  return url.origin;
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
  const shown = isWide ? forecasts : fewOf(forecasts, chosen);
  const terms = all.filter(({ name }) =>
    shown.some(({ seconds }) => isWorthShowing(seconds[name])),
  );
  return [
    ...headline(decision, nowSeconds),
    tableText([
      ['NODE', 'LOSS', ...terms.map(({ column }) => column), 'SCORE'],
      ...shown.map((one) => row(one, terms, one === best, one === chosen)),
    ]),
    '',
    ...shown.map(({ words }) => words),
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

/** The best ones, the one that was chosen, and the worst. */
function fewOf(
  forecasts: readonly ShownForecast[],
  chosen: ShownForecast | undefined,
): readonly ShownForecast[] {
  if (forecasts.length <= FEW) return forecasts;
  const wanted = new Set([chosen, forecasts.at(-1), ...forecasts.slice(0, FEW)]);
  wanted.delete(undefined);
  const few = new Set([...wanted].slice(0, FEW));
  return forecasts.filter((one) => few.has(one));
}

function row(
  { node, lossSeconds, seconds, score }: ShownForecast,
  terms: readonly ShownTerm[],
  isBest: boolean,
  isChosen: boolean,
): readonly string[] {
  const mark = isChosen ? ' <- here' : isBest ? ' (best)' : '';
  return [
    `${node}${mark}`,
    ...[lossSeconds, ...terms.map(({ name }) => seconds[name] ?? 0)].map((lost) =>
      isWorthShowing(lost) ? spanInWords(lost) : '-',
    ),
    score === undefined ? '-' : String(score),
  ];
}

function isWorthShowing(seconds = 0): boolean {
  return seconds >= 0.5;
}
