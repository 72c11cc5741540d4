import { controllerOf } from '../../webhook/words/controller.ts';
import { asksForClaims, devicesAsked } from '../../webhook/words/device.ts';
import { OBJECT_NAME } from '../../webhook/words/longest-name.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { devicePatterns, profileOf } from '../../webhook/words/profile.ts';
import type { Decision } from '../decisions/record.ts';
import { holdsDevices, isOpenTo, type PodFacts } from '../facts/facts.ts';
import { podFacts } from '../facts/pods.ts';
import type { Snapshot } from '../state/snapshot.ts';
import { brokenDevicesOf } from './broken-device.ts';
import type { Evictor } from './evictor.ts';
import type { Found } from './findings.ts';
import { gainSeconds } from './gain.ts';
import type { Case } from './guards.ts';
import { letsOnto, requiredTermsOf, whyUntold } from './node-match.ts';
import type { Release } from './releases.ts';
import type { ReleaseSettings } from './settings.ts';

export interface CaseDeps {
  readonly snapshot: () => Snapshot;
  /** Forecasts a pod on nodes; `undefined` where Surefoot has no opinion of it. */
  readonly decide: (pod: PodFacts, nodes: readonly string[]) => Decision | undefined;
  readonly evictor: Evictor;
}

/** What is not read of a case. */
export interface Settled {
  readonly how: Release['how'];
  readonly releases: readonly Release[];
  readonly settings: ReleaseSettings;
}

/** The best nodes whose labels are looked at for required node affinity, one by one. */
const MOST_LOOKED_AT = 64;

/** What is known of a case by the pod itself, read a moment ago, and by what the watches show. */
export function plainCase(
  { kind, broken, pod: facts }: Found,
  pod: Pod,
  { how, releases, settings }: Settled,
  snapshot: Snapshot,
): Case {
  const { profiles, cluster, nowSeconds } = snapshot;
  const profile = profileOf(pod, profiles, devicesAsked(pod, devicePatterns(profiles)));
  const others = [...cluster.pods()].filter(
    ({ uid, slot }) => uid !== facts.uid && slot.workload === facts.slot.workload,
  );
  return {
    kind,
    how,
    isStill: broken === undefined || isStillBroken(broken.key, pod, facts, snapshot),
    isUnhealthy: broken?.isUnhealthy ?? false,
    facts,
    pod,
    othersRun: others.every(
      (one) => holdsDevices(one) && one.phase === 'Running' && !one.isTerminating,
    ),
    ...(profile !== undefined && { profile }),
    releases,
    settings,
    nowSeconds,
  };
}

/** The same with all that has to be asked for; `undefined` where its node or namespace is gone. */
export async function wholeCase(
  plain: Case,
  { probability }: Found,
  { snapshot, decide, evictor }: CaseDeps,
): Promise<Case | undefined> {
  const { facts, pod } = plain;
  const [node, namespace, job] = await Promise.all([
    evictor.node(facts.node ?? ''),
    evictor.namespace(facts.namespace),
    jobOf(pod, evictor),
  ]);
  if (node === undefined || namespace === undefined) return undefined;
  const whole: Case = { ...plain, node, namespace, ...(job !== undefined && { job }) };
  const untold = asksForClaims(facts.devices) ? 'its devices are of claims' : whyUntold(pod);
  if (untold !== undefined) return { ...whole, untold };
  const now = snapshot();
  const names = await roomFor(facts, pod, now, evictor);
  const decision = decide(facts, names);
  if (decision === undefined && names.length > 0) {
    return { ...whole, untold: 'Surefoot has no opinion of it, for it has not opted in' };
  }
  const better = await bestOf(names, pod, decision, evictor);
  if (better === undefined) return whole;
  const learnedSeconds = now.runs.expectedSeconds(facts.slot.workload);
  const moving = {
    probability,
    lossThereSeconds: better.lossSeconds,
    ...(learnedSeconds !== undefined && { learnedSeconds }),
  };
  return {
    ...whole,
    better: { node: better.node, gainSeconds: gainSeconds(facts, moving, now.nowSeconds) },
  };
}

function isStillBroken(
  key: string,
  pod: Pod,
  { node: name = '' }: PodFacts,
  { cluster, store, profiles }: Snapshot,
): boolean {
  const node = cluster.node(name);
  if (node === undefined) return false;
  const { incidents } = store.get(node.host);
  return brokenDevicesOf(podFacts(pod, profiles), node, incidents).some((one) => one.key === key);
}

/** What a tenant writes as its owner's name is asked for only if it can be one. */
async function jobOf({ metadata }: Pod, evictor: Evictor): Promise<Case['job']> {
  const owner = controllerOf(metadata);
  const isJob = owner?.kind === 'Job' && owner.apiVersion?.startsWith('batch/') === true;
  return owner !== undefined && isJob && OBJECT_NAME.test(owner.name)
    ? evictor.job(metadata.namespace ?? '', owner.name)
    : undefined;
}

/** Other nodes that have devices enough free, that it tolerates, and whose labels its node selector asks for. */
async function roomFor(
  facts: PodFacts,
  { spec }: Pod,
  { cluster }: Snapshot,
  evictor: Evictor,
): Promise<readonly string[]> {
  const { nodeSelector = {}, tolerations = [] } = spec;
  const selected =
    Object.keys(nodeSelector).length === 0 ? undefined : await evictor.nodesWith(nodeSelector);
  return [...cluster.nodes()]
    .filter(
      (node) =>
        node.name !== facts.node &&
        selected?.has(node.name) !== false &&
        isOpenTo(node, tolerations) &&
        facts.devices.resources.every(
          ({ resource, count }) => cluster.freeDevices(node, resource) >= count,
        ),
    )
    .map(({ name }) => name);
}

async function bestOf(
  names: readonly string[],
  pod: Pod,
  decision: Decision | undefined,
  evictor: Evictor,
): Promise<{ readonly node: string; readonly lossSeconds: number } | undefined> {
  const ordered = names
    .flatMap((node) => {
      const lossSeconds = decision?.forecastOn?.(node)?.forecast.lossSeconds;
      return lossSeconds === undefined ? [] : [{ node, lossSeconds }];
    })
    .sort((a, b) => a.lossSeconds - b.lossSeconds || (a.node < b.node ? -1 : 1));
  // Its node selector was asked for with the names.
  if (requiredTermsOf(pod) === undefined) return ordered[0];
  for (const one of ordered.slice(0, MOST_LOOKED_AT)) {
    const labels = (await evictor.node(one.node))?.labels ?? {};
    if (letsOnto(pod, { name: one.node, labels })) return one;
  }
  return undefined;
}
