import { X509Certificate } from 'node:crypto';
import { TIMING } from '../../certs/cluster/lease.ts';
import { certificatesIn, isInLastThird, trustTheSame } from '../../certs/renewal/trust.ts';
import { counted } from '../../webhook/words/counted.ts';
import { matchesDevicePattern } from '../../webhook/words/device.ts';
import { spanInWords } from '../../webhook/words/duration.ts';
import { OWN_SCHEDULER, REGISTRATION } from '../../webhook/words/installed-names.ts';
import { HOME_GATE } from '../../webhook/words/keys.ts';
import { namespaceOptIn } from '../../webhook/words/opt-in.ts';
import { devicePatterns, LONGEST_WAIT_SECONDS } from '../../webhook/words/profile.ts';
import { isDeclined } from '../../webhook/words/warning.ts';
import { WITHOUT_HOME_GATE } from '../facts/gated.ts';
import { hasOptedIn, unpreparedAmong } from '../facts/unprepared.ts';
import { FORM, VERSION } from '../storage/schema.ts';
import type { Looked, Seen, SeenPod } from './seen.ts';

export type Severity = 'ok' | 'warning' | 'error';

/** What one check found: each that is not ok says what to do. */
export interface Symptom {
  readonly check: string;
  readonly level: Severity;
  readonly words: string;
  readonly fix?: string;
}

type Found = Omit<Symptom, 'check'>;

/** Name of a check to what it finds; in the order in which an installation comes to life. */
const CHECKS: readonly (readonly [name: string, find: (seen: Seen) => readonly Found[]])[] = [
  ['configuration', configuration],
  ['registration', registration],
  ['certificate', certificate],
  ['webhook', webhook],
  ['rights', rights],
  ['history kind', definition],
  ['programs', programs],
  ['history keeper', historyKeeper],
  ['kinds looked at', refusedKinds],
  ['signs from metrics', unansweredQueries],
  ['clock', clock],
  ['scheduler version', schedulerVersion],
  ['scheduler calls', schedulerCalls],
  ['stranded pods', stranded],
  ['prepared pods', prepared],
  ['lifter', lifter],
  ['pods that wait', gated],
  ['one scheduler a pool', onePool],
  ['opt-in', optIn],
  ['devices without a profile', devicesWithoutProfile],
  ['image lists', imageLists],
];

const MOST_SKEW_SECONDS = 5;
/** The longest wait, what a leader may be late by, and the minute in which a CronJob comes. */
const MOST_GATED_SECONDS = LONGEST_WAIT_SECONDS + 30 + 60;
/** A scheduler looks at a pod within seconds. */
const STRANDED_SECONDS = 60;
/** The kubelet's default (nodeStatusMaxImages): a list of so many is cut. */
const MOST_IMAGES = 50;
const FEW = 5;

/** Every check on what was seen. Never empty: a check that finds nothing wrong says so. */
export function symptoms(seen: Seen): readonly Symptom[] {
  return CHECKS.flatMap(([check, find]) => find(seen).map((found) => ({ check, ...found })));
}

function ok(words: string): readonly Found[] {
  return [{ level: 'ok', words }];
}

function warning(words: string, fix: string): readonly Found[] {
  return [{ level: 'warning', words, fix }];
}

function error(words: string, fix: string): readonly Found[] {
  return [{ level: 'error', words, fix }];
}

/** What follows where the look was taken; a warning where it could not be. */
function where<T>(looked: Looked<T>, find: (value: T) => readonly Found[]): readonly Found[] {
  return looked.ok
    ? find(looked.value)
    : warning(
        `could not be looked at: ${looked.why}`,
        'ask as somebody who may, such as with --context, or see why it is not reached',
      );
}

const APPLY = 'apply the manifests: kubectl apply --server-side -k manifests/default';

function configuration({ configuration: looked, namespace }: Seen): readonly Found[] {
  return where(looked, (found) => {
    if (found === undefined) return error(`there is no ConfigMap surefoot in ${namespace}`, APPLY);
    if (found.problems.length > 0) {
      return error(
        found.problems.join('; '),
        `mend it: kubectl -n ${namespace} edit configmap surefoot; until then the last good one is in force`,
      );
    }
    return found.mode === 'act'
      ? ok('mode act')
      : ok('mode observe: nothing is changed yet; set mode: act in surefoot.yaml to begin');
  });
}

function registration({ bundles, certificates, namespace }: Seen): readonly Found[] {
  return where(bundles, (found) => {
    if (found.size === 0) return error(`there is no webhook configuration ${REGISTRATION}`, APPLY);
    const empty = [...found].flatMap(([entry, bundle]) => (bundle === '' ? [entry] : []));
    if (empty.length > 0) {
      return error(
        `${empty.length} of ${found.size} entries have no caBundle, so the API server does not call them`,
        `surefoot-certs writes it within seconds: see kubectl -n ${namespace} logs deployment/surefoot-certs`,
      );
    }
    const kept = certificates.ok ? certificates.value?.bundle : undefined;
    const others = [...found.values()].some(
      (bundle) => kept !== undefined && kept !== '' && !trustTheSame(bundle, kept),
    );
    return others
      ? error(
          'the caBundle is not the one of the Secret surefoot-webhook-tls',
          'restart surefoot-certs, and look for another program that writes it, such as a GitOps tool',
        )
      : ok(`${found.size} entries, each with a caBundle`);
  });
}

function certificate({ certificates, serverSeconds, namespace }: Seen): readonly Found[] {
  return where(certificates, (kept) => {
    if (kept === undefined || kept.certificate === '') {
      return error(
        'there is no serving pair in the Secret surefoot-webhook-tls',
        `surefoot-certs makes it: see kubectl -n ${namespace} logs deployment/surefoot-certs`,
      );
    }
    const pair = new X509Certificate(kept.certificate);
    const now = new Date(serverSeconds * 1000);
    const leftSeconds = (Date.parse(pair.validTo) - now.getTime()) / 1000;
    if (leftSeconds <= 0) {
      return error(
        `the serving certificate expired at ${pair.validTo}`,
        `kubectl -n ${namespace} annotate secret surefoot-webhook-tls surefoot.dev/rotate=pair`,
      );
    }
    const authorities = certificatesIn(kept.bundle);
    if (authorities.length > 0 && !authorities.some((one) => pair.verify(one.publicKey))) {
      return error(
        'no CA of the Secret has signed its serving certificate',
        `kubectl -n ${namespace} annotate secret surefoot-webhook-tls surefoot.dev/rotate=pair`,
      );
    }
    return isInLastThird(pair, new Date(now.getTime() - 86_400_000))
      ? warning(
          `the serving certificate ends in ${spanInWords(leftSeconds)}, and should have been renewed`,
          `see kubectl -n ${namespace} logs deployment/surefoot-certs`,
        )
      : ok(`the serving certificate is good for another ${spanInWords(leftSeconds)}`);
  });
}

/** A pod that names an unknown profile is answered with a warning, in whatever mode. */
function webhook({ probe, namespace }: Seen): readonly Found[] {
  return where(probe, ({ status, warnings, message }) => {
    if (warnings.some(isDeclined)) {
      return ok('the API server reaches it and trusts it');
    }
    if (status >= 400) {
      return error(
        `a device pod could not be created: ${message}`,
        `where failurePolicy is Fail, device pods wait for the webhook: kubectl -n ${namespace} get pods`,
      );
    }
    return error(
      'the API server does without it: a device pod was admitted and nothing was said',
      'see that its pods are ready, and that the control plane reaches them: port 9443, or 10250 in private GKE clusters; apiserver_admission_webhook_fail_open_count counts',
    );
  });
}

function rights({ missingRights }: Seen): readonly Found[] {
  return where(missingRights, (missing) =>
    missing.length === 0
      ? ok('the programs may do what they need')
      : error(`not allowed: ${few(missing)}`, APPLY),
  );
}

function definition({ definition: looked }: Seen): readonly Found[] {
  return where(looked, (found) => {
    if (found === undefined) {
      return error('the kind DeviceHistory is not defined, so nothing is remembered', APPLY);
    }
    if (!found.versions.includes(VERSION)) {
      return error(
        `DeviceHistory is served as ${found.versions.join(', ')}, not ${VERSION}`,
        APPLY,
      );
    }
    return found.form < FORM
      ? error(
          `DeviceHistory takes form ${found.form}, and this version writes form ${FORM}`,
          'apply manifests/base/devicehistory.yaml before the programs',
        )
      : ok(`DeviceHistory ${VERSION}, form ${found.form}`);
  });
}

function programs({ deployments, namespace }: Seen): readonly Found[] {
  return where(deployments, (found) => {
    if (found.size === 0) return error('none of our programs is installed', APPLY);
    const short = [...found].filter(([, { wanted, ready }]) => ready < wanted);
    return short.length === 0
      ? ok([...found].map(([name, { ready }]) => `${name} ${ready}`).join(', '))
      : error(
          short
            .map(([name, { wanted, ready }]) => `${name}: ${ready} of ${wanted} ready`)
            .join('; '),
          `kubectl -n ${namespace} get pods, and the log of what is not ready`,
        );
  });
}

function historyKeeper({ leases, serverSeconds, namespace }: Seen): readonly Found[] {
  return where(leases, (found) => {
    const lease = found.get('surefoot-extender');
    const { holder = '', renewedAtSeconds } = lease ?? {};
    const sinceSeconds = serverSeconds - (renewedAtSeconds ?? 0);
    return holder === '' || sinceSeconds > 2 * TIMING.durationSeconds
      ? error(
          'no extender keeps the history, so what fails now is not remembered',
          `kubectl -n ${namespace} logs deployment/surefoot-extender -c extender`,
        )
      : ok(`kept by ${holder}`);
  });
}

function clock({ nowSeconds, serverSeconds, leases }: Seen): readonly Found[] {
  const skew = Math.abs(nowSeconds - serverSeconds);
  const renewed = leases.ok ? leases.value.get('surefoot-extender')?.renewedAtSeconds : undefined;
  const ahead = renewed === undefined ? 0 : renewed - serverSeconds;
  if (ahead > MOST_SKEW_SECONDS) {
    return error(
      `the extender's clock is ${spanInWords(ahead)} ahead of the API server's`,
      'set the clock of its node (chrony, ntp): ages of faults and homes follow from it',
    );
  }
  return skew > MOST_SKEW_SECONDS
    ? warning(
        `this machine's clock differs from the API server's by ${spanInWords(skew)}`,
        'set the clock; ages that are shown here follow from it',
      )
    : ok('within 5 s of the API server');
}

function schedulerVersion({ deployments, kubernetes }: Seen): readonly Found[] {
  return where(deployments, (found) => {
    const image = [...found.values()].flatMap(
      ({ images }) => images.get('kube-scheduler') ?? [],
    )[0];
    if (image === undefined) return ok('no scheduler of our own');
    const theirs = minorOf(image.split(':').at(-1) ?? '');
    const ours = minorOf(kubernetes);
    if (theirs === undefined || ours === undefined) {
      return warning(`the version of ${image} is not known`, `use an image of ${kubernetes}`);
    }
    return theirs > ours || theirs < ours - 1
      ? error(
          `kube-scheduler 1.${theirs} beside an API server 1.${ours}`,
          `use ${image.split(':')[0]}:${kubernetes}; Kubernetes supports its own minor and one older`,
        )
      : ok(`kube-scheduler 1.${theirs} beside an API server 1.${ours}`);
  });
}

function minorOf(version: string): number | undefined {
  const minor = /^v?1\.(\d+)/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}

function schedulerCalls({ extender, namespace }: Seen): readonly Found[] {
  return where(extender, ({ readiness, metrics }) => {
    if (!readiness.isReady) {
      const failed = readiness.checks.filter(({ isOk }) => !isOk);
      const words = failed.map(({ name, words = 'failed' }) => `${name}: ${words}`).join('; ');
      return error(`the extender is not ready: ${words}`, 'see its log');
    }
    const alarm = readiness.checks.find(({ name }) => name === 'asked')?.words;
    if (alarm !== undefined) {
      return error(
        alarm,
        `see that the scheduler has the extender in its configuration, and reaches it: kubectl -n ${namespace} logs deployment/surefoot-extender -c kube-scheduler`,
      );
    }
    const asked = sum(metrics, 'surefoot_placements_total{', 'how="Asked"');
    const calls = sum(metrics, 'surefoot_prioritize_requests_total{', '');
    return ok(`${counted(calls, 'question')}, ${counted(asked, 'pod')} placed after one`);
  });
}

/** Kinds that rows of the catalogue are about, and that the extender lacks the right to list. */
function refusedKinds(seen: Seen): readonly Found[] {
  return remarked(seen, 'kinds-allowed', {
    well: 'the extender may list every kind that it looks at',
    mend: 'add a ClusterRole with get, list and watch for them, bound to the ServiceAccount surefoot-extender',
  });
}

/** Rows of the catalogue about which a Prometheus is asked, and what it does not answer. */
function unansweredQueries(seen: Seen): readonly Found[] {
  return remarked(seen, 'prometheus', {
    well: 'no question to a Prometheus is unanswered',
    mend: 'signs that only metrics have are not seen; see docs/history.md',
  });
}

/** A warning where a check of the extender's readiness has a remark. */
function remarked(
  { extender }: Seen,
  check: string,
  { well, mend }: { readonly well: string; readonly mend: string },
): readonly Found[] {
  return where(extender, ({ readiness }) => {
    const remark = readiness.checks.find(({ name }) => name === check)?.words;
    return remark === undefined ? ok(well) : warning(remark, mend);
  });
}

/** The sum of the samples of a metric with this label. */
function sum(metrics: string, name: string, label: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith(name) && line.includes(label))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

function stranded({ pods, configuration: looked }: Seen): readonly Found[] {
  return where(pods, (found) => {
    const ours = new Set(looked.ok ? looked.value?.schedulerNames : []);
    const waiting = found.filter(
      ({ isPending, isLookedAt, ageSeconds, scheduler }) =>
        isPending &&
        !isLookedAt &&
        ageSeconds > STRANDED_SECONDS &&
        (ours.has(scheduler) || scheduler === OWN_SCHEDULER),
    );
    return waiting.length === 0
      ? ok('none waits for a scheduler that is not there')
      : error(
          `${waiting.length} pods wait for a scheduler that does not look at them: ${few(waiting.map(nameOf))}`,
          'start that scheduler, or delete the pods: a pod’s scheduler cannot be changed, and their owners make them anew',
        );
  });
}

/** The API server goes on without a webhook that does not answer in time. */
function prepared({ pods, namespaces, configuration: looked }: Seen): readonly Found[] {
  if (looked.ok && looked.value?.mode !== 'act') return ok('no pod is prepared while we observe');
  return where(pods, (found) => {
    const labels = new Map(
      namespaces.ok ? namespaces.value.map(({ name, inject }) => [name, inject]) : [],
    );
    const unprepared = unpreparedAmong(
      found.map((pod) => ({
        ...pod,
        createdAtSeconds: -pod.ageSeconds,
        isForUs: pod.hasProfile && hasOptedIn(pod, namespaceOptIn(labels.get(pod.namespace))),
        waits: pod.isPending,
      })),
    );
    return unprepared.length === 0
      ? ok('no pod waits that came in unprepared')
      : warning(
          `${unprepared.length} pods wait without what their profile adds, because the webhook did not answer in time: ${few(unprepared.map(nameOf))}`,
          'if they cannot start, delete them: their owners make others, which are prepared',
        );
  });
}

/** Nobody gets a gate while it cannot be lifted: that costs homes, and no pod. */
function lifter({ configuration: looked, extender, namespace }: Seen): readonly Found[] {
  const profiles = looked.ok ? (looked.value?.profiles ?? []) : [];
  if (profiles.every(({ waitForHomeSeconds }) => waitForHomeSeconds === 0)) {
    return ok('no profile lets pods wait for their own node (waitForHome)');
  }
  return where(extender, ({ metrics }) => {
    const leads = sum(metrics, 'surefoot_history_leader{', '') > 0;
    const canLift = sum(metrics, 'surefoot_can_lift_gates{', '') > 0;
    return leads && !canLift
      ? warning(
          'the extender that leads cannot lift scheduling gates, so no pod gets one and none waits for its own node',
          `its log says why: kubectl -n ${namespace} logs deployment/surefoot-extender -c extender; the component wait-for-home has the policy and the rights`,
        )
      : ok('scheduling gates can be lifted');
  });
}

function gated({ pods }: Seen): readonly Found[] {
  return where(pods, (found) => {
    const waiting = found.filter((pod) => pod.gatedSeconds !== undefined);
    const overdue = waiting.filter(({ gatedSeconds = 0 }) => gatedSeconds > MOST_GATED_SECONDS);
    const longest = waiting.reduce((most, { gatedSeconds = 0 }) => Math.max(most, gatedSeconds), 0);
    const [first] = overdue;
    if (first !== undefined) {
      return error(
        `${overdue.length} pods wait at the scheduling gate ${HOME_GATE}, the longest for ${spanInWords(longest)}: ${few(overdue.map(nameOf))}`,
        `lift it by hand: ${liftingLine(first)}`,
      );
    }
    return waiting.length === 0
      ? ok('none waits for its own node')
      : ok(`${waiting.length} wait for their own node, the longest for ${spanInWords(longest)}`);
  });
}

function liftingLine({ namespace, name }: SeenPod): string {
  const patch = JSON.stringify({ spec: WITHOUT_HOME_GATE });
  return `kubectl -n ${namespace} patch pod ${name} --type=strategic -p '${patch}'`;
}

function onePool({ pods }: Seen): readonly Found[] {
  return where(pods, (found) => {
    const running = found.filter(({ node, devices }) => node !== undefined && devices.length > 0);
    const counts = Map.groupBy(running, ({ scheduler }) => scheduler);
    return counts.size < 2
      ? ok(counts.size === 0 ? 'no device pod runs' : `${[...counts.keys()][0]} alone`)
      : warning(
          `device pods were placed by ${[...counts].map(([name, { length }]) => `${name} (${length})`).join(' and ')}`,
          'two schedulers that fill the same nodes overbook them: opt in all who use the devices, or taint nodes for one of them',
        );
  });
}

function optIn({ namespaces, pods }: Seen): readonly Found[] {
  return where(namespaces, (found) => {
    const enabled = found.filter(({ inject }) => inject === 'enabled');
    const observed = found.filter(({ inject }) => inject === 'observe');
    const odd = found.filter(
      ({ inject }) => inject !== undefined && !['enabled', 'observe'].includes(inject),
    );
    if (odd.length > 0) {
      return warning(
        `surefoot.dev/inject is neither enabled nor observe in ${few(odd.map(({ name, inject }) => `${name} ("${inject}")`))}`,
        'kubectl label namespace NAME surefoot.dev/inject=enabled --overwrite',
      );
    }
    const annotated = pods.ok ? pods.value.filter(({ optIn }) => optIn === 'in').length : 0;
    if (enabled.length + observed.length + annotated === 0) {
      return warning(
        'nothing has opted in',
        'kubectl label namespace NAME surefoot.dev/inject=enabled, or annotate pods with surefoot.dev/profile',
      );
    }
    return ok(
      `${counted(enabled.length, 'namespace')} enabled, ${observed.length} observed; ${counted(annotated, 'pod')}`,
    );
  });
}

/** Resources of nodes that are counted, but no device. */
const NO_DEVICE = [
  /^(cpu|memory|pods|ephemeral-storage|storage)$/i,
  /^(hugepages-|attachable-volumes-|deviceclass\.)/i,
  /kubernetes\.io\//i,
  /\/(rdma|hca|sriov|ib|efa|eni|vpc|pod-eni|private-ip|fuse|kvm|tun|vhost)/i,
];

function devicesWithoutProfile({ nodes, configuration: looked }: Seen): readonly Found[] {
  return where(nodes, (found) => {
    const patterns = devicePatterns(looked.ok ? (looked.value?.profiles ?? []) : []);
    const unknown = new Set(
      found
        .flatMap(({ resources }) => resources)
        .filter(
          (resource) => resource.includes('/') && !NO_DEVICE.some((kind) => kind.test(resource)),
        )
        .filter((resource) => !patterns.some((pattern) => matchesDevicePattern(pattern, resource))),
    );
    return unknown.size === 0
      ? ok('none')
      : warning(
          `nodes offer ${few([...unknown])}, which no profile is for`,
          'if these are devices, add them to profiles.yaml and print the registration anew: surefoot manifests webhook --config DIR',
        );
  });
}

function imageLists({ nodes }: Seen): readonly Found[] {
  return where(nodes, (found) => {
    const cut = found.filter(({ listedImages }) => listedImages >= MOST_IMAGES);
    return cut.length === 0
      ? ok('no node leaves images out')
      : warning(
          `${cut.length} of ${found.length} nodes list ${MOST_IMAGES} images, so more may be there: ${few(cut.map(({ name }) => name))}`,
          'set nodeStatusMaxImages of their kubelets to -1; until then images are known for a day after they ran',
        );
  });
}

function nameOf({ namespace, name }: SeenPod): string {
  return `${namespace}/${name}`;
}

function few(names: readonly string[]): string {
  const more = names.length - FEW;
  return `${names.slice(0, FEW).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
