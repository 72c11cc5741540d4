import { setTimeout as sleep } from 'node:timers/promises';
import {
  AdmissionregistrationV1Api,
  AppsV1Api,
  SchedulingV1Api,
  type V1Job,
  type V1Pod,
  type V1StatefulSet,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { HOME_GATE, INJECT } from '../../webhook/words/keys.ts';
import { sample } from '../samples.ts';
import { DEVICE_FAULT, SLOW_END } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { nodeOf } from './hand.ts';
import { useBed } from './use-bed.ts';
import { indexedJob, pod } from './workloads.ts';

const NAMES = [
  'wanted',
  'kueue',
  'cordon',
  'gone',
  'never',
  'urgent',
  'observed',
  'killed',
  'left',
];
const MEMBERS = 4;
const SPARES = 3;
const QUOTA = 'kueue.x-k8s.io/admission';
/** A home lives as long as its pod ran: longer than any of these waits. */
const LONG_ENOUGH_MS = 30_000;

/** The cluster's own scheduler asks nobody: what brings pods home is gate and nomination alone. */
const used = useBed({
  // One more is for the StatefulSet.
  count: NAMES.length + MEMBERS + 1 + SPARES,
  gpus: 8,
  mode: 'act',
  isAsked: false,
  keepsPods: true,
  tainted: false,
});

/** Where each has run. */
const homes = new Map<string, V1Pod>();
let members: ReadonlyMap<string, V1Pod> = new Map();
let forced: V1Pod | undefined;

beforeAll(async () => {
  await used.bed.surefoot.waitForHome('60s');
  for (const name of NAMES) await used.hand.createJob(single(name));
  await used.hand.createJob(indexedJob('gang', MEMBERS, { gpus: 8 }));
  for (const name of NAMES) {
    const [running] = (await used.hand.runningByIndex(name, 1)).values();
    if (running !== undefined) homes.set(name, running);
  }
  members = await used.hand.runningByIndex('gang', MEMBERS);
  await used.bed.admin
    .makeApiClient(AppsV1Api)
    .createNamespacedStatefulSet({ namespace: 'default', body: statefulSet('forced', 12) });
  forced = await used.hand.runningPod('forced-0');
  await sleep(LONG_ENOUGH_MS);
});

type Change = NonNullable<NonNullable<V1Job['spec']>['template']['spec']>;

/** A Job of one pod, which takes a whole node and its whole grace to end. */
function single(name: string, change: Partial<Change> = {}): V1Job {
  const job = indexedJob(name, 1, { gpus: 8, annotations: { [SLOW_END]: '1' } });
  Object.assign(job.spec?.template.spec ?? {}, change);
  return job;
}

function statefulSet(name: string, terminationGracePeriodSeconds: number): V1StatefulSet {
  const { template } = single(name).spec ?? {};
  const labels = { app: name };
  return {
    metadata: { name },
    spec: {
      serviceName: name,
      selector: { matchLabels: labels },
      template: {
        metadata: { ...template?.metadata, labels },
        spec: {
          containers: [],
          ...template?.spec,
          restartPolicy: 'Always',
          terminationGracePeriodSeconds,
        },
      },
    },
  };
}

/** As group controllers restart: the pod is deleted with some grace, and its Job created anew at once. */
async function restart(name: string, graceSeconds: number, change?: Partial<Change>) {
  const old = homes.get(name);
  await used.hand.deletePod(old?.metadata?.name ?? '', graceSeconds);
  await used.hand.deleteJobOnly(name);
  await used.hand.createJob(single(name, change));
}

/** The new pod, as it is now. */
async function next(name: string): Promise<V1Pod | undefined> {
  const old = homes.get(name)?.metadata?.uid;
  return (await used.hand.pods(`job-name=${name}`)).find(({ metadata }) => metadata?.uid !== old);
}

const home = (name: string) => nodeOf(homes.get(name));

const waits = (name: string) =>
  eventually(`${name} to be nominated to its own node`, async () => {
    const now = await next(name);
    return now?.status?.nominatedNodeName === home(name) && isGated(now) && now;
  });

const runs = (name: string, timeoutSeconds = 40) =>
  eventually(
    `the new pod of ${name} to run`,
    async () => {
      const now = await next(name);
      return now?.status?.phase === 'Running' && now;
    },
    { timeoutSeconds },
  );

function isGated({ spec }: V1Pod): boolean {
  return spec?.schedulingGates?.some(({ name }) => name === HOME_GATE) === true;
}

/** Why it is where it is. */
async function why(name: string): Promise<string> {
  const now = await next(name);
  const decision = await used.bed.surefoot.decisionFor(now?.metadata?.name ?? '');
  return decision?.unasked?.words ?? 'nothing is known';
}

const bare = (name: string) =>
  pod(name, { gpus: 8, profile: undefined, annotations: { [INJECT]: 'false' } });

describe('a pod that waits for its own node', () => {
  test('comes home, and the member whose device broke takes a spare', async () => {
    const broken = members.get('2');
    if (broken !== undefined) await used.hand.annotatePod(broken, { [DEVICE_FAULT]: '1' });
    await eventually('the fault', async () => {
      return (await used.hand.pod(broken?.metadata?.name ?? '')).status?.phase === 'Failed';
    });
    for (const { metadata } of members.values()) await used.hand.deletePod(metadata?.name ?? '');
    await used.hand.deleteJobOnly('gang');
    await used.hand.createJob(indexedJob('gang', MEMBERS, { gpus: 8 }));
    const old = new Set([...members.values()].map(({ metadata }) => metadata?.uid));
    const after = await eventually('the group to run again', async () => {
      const running = await used.hand.runningByIndex('gang', MEMBERS, 1);
      return ![...running.values()].some(({ metadata }) => old.has(metadata?.uid)) && running;
    });
    for (const index of ['0', '1', '3']) {
      expect(nodeOf(after.get(index))).toBe(nodeOf(members.get(index)));
    }
    expect(nodeOf(after.get('2'))).not.toBe(nodeOf(broken));
    // Whole again for the other tests.
    await used.hand.annotateNode(nodeOf(broken) ?? '', { 'bed.surefoot.dev/mended': '1' });
  });

  test('gets it, though an older pod of equal priority wants it and nothing else is free', async () => {
    const fillers = Array.from({ length: SPARES }, (_none, index) => `filler-${index}`);
    for (const name of fillers) await used.hand.createPod(bare(name));
    for (const name of fillers) await used.hand.runningPod(name);
    await used.hand.createPod(bare('older'));
    await restart('wanted', 12);
    await waits('wanted');
    expect(nodeOf(await runs('wanted'))).toBe(home('wanted'));
    expect(await why('wanted')).toMatch(/^waited \d+ s for its own node, and no other was free$/);
    expect((await used.hand.pod('older')).spec?.nodeName).toBeUndefined();
    for (const name of [...fillers, 'older']) await used.hand.deletePod(name, 0);
  });

  test('waits for the other gate first', async () => {
    await restart('kueue', 2, { schedulingGates: [{ name: QUOTA }] });
    const held = await eventually('the new pod', () => next('kueue'));
    expect(held.spec?.schedulingGates?.map(({ name }) => name)).toEqual([QUOTA, HOME_GATE]);
    await sleep(4000);
    const still = await next('kueue');
    expect(still?.spec?.schedulingGates).toHaveLength(2);
    expect(still?.status?.nominatedNodeName).toBeUndefined();
    await used.hand.core.patchNamespacedPod({
      namespace: 'default',
      name: held.metadata?.name ?? '',
      body: [{ op: 'remove', path: '/spec/schedulingGates/0' }],
    });
    expect(nodeOf(await runs('kueue'))).toBe(home('kueue'));
  });

  test('goes elsewhere once its own node is cordoned', async () => {
    await restart('cordon', 15);
    await waits('cordon');
    await used.hand.patchNode(home('cordon') ?? '', { spec: { unschedulable: true } });
    try {
      expect(nodeOf(await runs('cordon', 15))).not.toBe(home('cordon'));
      expect(await why('cordon')).toMatch(/is cordoned$/);
    } finally {
      await used.hand.patchNode(home('cordon') ?? '', { spec: { unschedulable: null } });
    }
  });

  test('goes elsewhere once its own node is gone', async () => {
    await restart('gone', 15);
    await waits('gone');
    await used.hand.core.deleteNode({ name: home('gone') ?? '' });
    expect(nodeOf(await runs('gone', 15))).not.toBe(home('gone'));
    expect(await why('gone')).toMatch(/its own node is gone$/);
  });

  test('is not nominated before it is free, where it preempts nobody', async () => {
    const humble = { metadata: { name: 'humble' }, value: 0, preemptionPolicy: 'Never' };
    await used.bed.admin.makeApiClient(SchedulingV1Api).createPriorityClass({ body: humble });
    await restart('never', 10, { priorityClassName: 'humble' });
    const held = await eventually('the new pod', () => next('never'));
    expect(isGated(held)).toBe(true);
    await sleep(4000);
    expect((await next('never'))?.status?.nominatedNodeName).toBeUndefined();
    expect(nodeOf(await runs('never'))).toBe(home('never'));
  });

  // Pods of a Job have a finalizer, which waits for the kubelet; those of a StatefulSet are gone at once.
  test('does not come before the grace of one that was deleted by force is over', async () => {
    // This is about its own node: none that becomes free meanwhile may be better.
    await cordonOthers(true);
    try {
      const deletedMs = Date.now();
      await used.hand.deletePod('forced-0', 0);
      const after = await eventually('the new pod to run', async () => {
        const now = await used.hand.pod('forced-0');
        const isNew = now.metadata?.uid !== forced?.metadata?.uid;
        return isNew && now.status?.phase === 'Running' && now;
      });
      const told = (await used.bed.surefoot.decisionFor('forced-0'))?.unasked?.words;
      expect(nodeOf(after), told).toBe(nodeOf(forced));
      expect(Date.now() - deletedMs).toBeGreaterThan(11_000);
    } finally {
      await cordonOthers(false);
    }
  });

  async function cordonOthers(isCordoned: boolean): Promise<void> {
    const { items } = await used.hand.core.listNode();
    const names = items.flatMap(({ metadata }) => metadata?.name ?? []);
    const others = names.filter((name) => name !== nodeOf(forced));
    const spec = { unschedulable: isCordoned ? true : null };
    await Promise.all(others.map((name) => used.hand.patchNode(name, { spec })));
  }

  test('gives way to a pod of higher priority', async () => {
    const scheduling = used.bed.admin.makeApiClient(SchedulingV1Api);
    await scheduling.createPriorityClass({ body: { metadata: { name: 'urgent' }, value: 1000 } });
    await restart('urgent', 12);
    await waits('urgent');
    const higher = bare('higher');
    Object.assign(higher.spec ?? {}, {
      priorityClassName: 'urgent',
      nodeSelector: { 'kubernetes.io/hostname': home('urgent') },
    });
    await used.hand.createPod(higher);
    expect(nodeOf(await runs('urgent'))).not.toBe(home('urgent'));
    expect(nodeOf(await used.hand.runningPod('higher'))).toBe(home('urgent'));
  });

  test('is let go where Surefoot only observes from now on', async () => {
    await restart('observed', 15);
    await waits('observed');
    const label = (value: string | null) =>
      used.hand.labelNamespace('default', { [INJECT]: value });
    await label('observe');
    await runs('observed', 10);
    expect(await why('observed')).toMatch(/Surefoot only observes there$/);
    await label(null);
  });
});

describe('no pod is left at the gate', () => {
  test('without an extender none gets one, and what has one is let go once it is back', async () => {
    await restart('killed', 15);
    await waits('killed');
    await used.bed.surefoot.killExtender();
    // The webhook goes by what it heard within 10 s.
    await sleep(11_000);
    await used.hand.createJob(single('meanwhile'));
    await used.hand.runningByIndex('meanwhile', 1);
    await used.bed.surefoot.startExtender(...used.bed.surefoot.gatesFlags());
    await runs('killed', 60);
  });

  test('without the policy none gets one', async () => {
    const { surefoot, admin } = used.bed;
    const canLift = async () =>
      sample(await surefoot.extenderMetrics(), 'surefoot_can_lift_gates') === 1;
    await eventually('gates to be lifted', canLift);
    const api = admin.makeApiClient(AdmissionregistrationV1Api);
    await api.deleteValidatingAdmissionPolicy({ name: 'surefoot-lifter' });
    await api.deleteValidatingAdmissionPolicyBinding({ name: 'surefoot-lifter' });
    await eventually('no gate to be lifted', async () => !(await canLift()));
    const { said } = await surefoot.command('doctor', surefoot.asAdmin, surefoot.atExtender);
    expect(said).toMatch(/warning +lifter +the extender that leads cannot lift scheduling gates/);
    await surefoot.applyLifterPolicy();
    await eventually('gates to be lifted', canLift);
    // The webhook asks every two seconds.
    await sleep(3000);
  });

  test('doctor shows who waits, and leave lets all go', async () => {
    await restart('left', 15);
    await waits('left');
    await used.bed.surefoot.killExtender();
    const { surefoot } = used.bed;
    const { said } = await surefoot.command('doctor', surefoot.asAdmin, surefoot.atExtender);
    expect(said).toMatch(/pods that wait +1 wait for their own node/);
    const { said: left } = await surefoot.command('leave', surefoot.asAdmin);
    expect(left).toMatch(/lifted the scheduling gate surefoot.dev\/home of pod default\/left-0-/);
    await runs('left');
  });
});
