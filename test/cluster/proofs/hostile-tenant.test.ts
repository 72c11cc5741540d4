import { readFile } from 'node:fs/promises';
import { request as overHttps } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { ApiextensionsV1Api, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { INJECT, PROFILE } from '../../../webhook/words/keys.ts';
import { makePod } from '../../make/pod.ts';
import { makeReview } from '../../make/review.ts';
import { GPU } from '../bed-keys.ts';
import { eventually } from '../eventually.ts';
import { RawClient } from '../raw.ts';
import { useBed } from '../use-bed.ts';
import { Group, report, untilHomesLast } from './group.ts';

/**
 * A tenant that does what it can for half an hour (`SUREFOOT_SOAK_MINUTES`), beside one whose group restarts three
 * times; and a pod that does what it can to the webhook's port. Stand-in: the hostile pod is a program of this machine
 * with an address of its own, for there is no pod network.
 */

const MINUTES = Number(process.env.SUREFOOT_SOAK_MINUTES ?? 30);
const SLOTS = 32;
const SPARES = 8;
const EVIL = 'team-evil';
const TENANT = 'mallory';
const HOSTILE_ADDRESS = '127.0.0.66';
const MIB = 2 ** 20;
/** What the manifests give (manifests/base/extender.yaml, webhook.yaml). */
const LIMIT_MIB = { extender: 1024, webhook: 384 } as const;

const used = useBed({ count: SLOTS + SPARES, gpus: 8, mode: 'act', tainted: false });

type Program = keyof typeof LIMIT_MIB;

async function residentMib(program: Program, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${used.bed.surefoot.pidOf(program)}/status`, 'utf8');
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / MIB;
}

test(
  `${MINUTES} minutes of a hostile tenant and a hostile pod change nothing for anybody else`,
  async () => {
    const { bed, hand } = used;
    await bed.surefoot.runAsTheImage();
    const raw = await RawClient.for(bed);
    await makeTenant();
    const group = new Group(used, 'llm', SLOTS, { gpus: 8 });
    await group.create();
    let before = await group.placed();
    await untilHomesLast();
    const quiet = {
      extender: await residentMib('extender', 'VmRSS'),
      webhook: await residentMib('webhook', 'VmRSS'),
    };
    const pids = [bed.surefoot.pidOf('extender'), bed.surefoot.pidOf('webhook')];
    const failOpenBefore = await failOpen();
    const unansweredBefore = await bed.plane.unansweredCalls();
    const until = performance.now() + MINUTES * 60_000;
    const isOver = () => performance.now() > until;
    const counts = new Map<string, number>();
    const attacks = [
      attack('Events of 1.4 MB', 2000, bigEvent),
      attack('pods of 64 long image names, gone at once', 100, briefPod),
      attack('Events of kinds of its own', 200, oddEvent),
      attack('announced maintenance', 1000, maintenance),
      attack('device pods of 64 images', 500, devicePod),
      attack('pods that name their node', 1000, namedPod),
      attack('a body of digits', 500, digits),
      attack('bodies without a length', 500, chunked),
      attack('idle connections', 20, idle),
      attack('slow bodies', 20, slowBody),
    ];
    // Three restarts, spread over the time.
    for (let restart = 1; restart <= 3; restart += 1) {
      await sleep(Math.max(0, until - performance.now()) / (5 - restart));
      await hand.deleteJob(group.job);
      await group.create();
      const after = await group.placed();
      expect(await report(used, `restart ${restart} under attack`, before, after)).toBe(SLOTS);
      before = after;
    }
    await Promise.all(attacks);
    await bed.surefoot.nodes();
    for (const [what, count] of counts) console.log(`${what}: ${count}`);
    for (const program of ['extender', 'webhook'] as const) {
      const [now, peak] = await Promise.all([
        residentMib(program, 'VmRSS'),
        residentMib(program, 'VmHWM'),
      ]);
      const words = [quiet[program], now, peak].map(Math.round);
      console.log(
        `${program}, resident MiB: quiet ${words[0]}, at the end ${words[1]}, peak ${words[2]}`,
      );
      expect(peak).toBeLessThan(LIMIT_MIB[program]);
    }
    expect([bed.surefoot.pidOf('extender'), bed.surefoot.pidOf('webhook')]).toEqual(pids);
    expect(await failOpen()).toBe(failOpenBefore);
    expect(await bed.plane.unansweredCalls()).toBe(unansweredBefore);
    const readiness = await fetch(`http://${bed.surefoot.adminAddresses[1]}/readyz`);
    expect(await readiness.text()).toContain('[+]asked ok\n');
    // Of the webhook's, connections that are still open are a part.
    expect(await residentMib('extender', 'VmRSS')).toBeLessThan(quiet.extender * 1.5);

    /** Repeats one attack until the time is over; what it is refused does not end it. */
    async function attack(name: string, everyMs: number, once: (at: number) => Promise<unknown>) {
      for (let at = 0; !isOver(); at += 1) {
        await once(at).catch(() => {});
        counts.set(name, at + 1);
        await sleep(everyMs);
      }
    }

    async function failOpen(): Promise<number> {
      const name = 'apiserver_admission_webhook_fail_open_count';
      const lines = (await raw.metrics()).split('\n').filter((line) => line.startsWith(name));
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    }

    function asTenant(method: string, path: string, body?: object) {
      return raw.send(method, path, body, undefined, TENANT);
    }

    async function makeTenant(): Promise<void> {
      await hand.core.createNamespace({
        body: { metadata: { name: EVIL, labels: { [INJECT]: 'enabled' } } },
      });
      const kinds = bed.admin.makeApiClient(ApiextensionsV1Api);
      await kinds.createCustomResourceDefinition({ body: MAINTENANCES });
      const rbac = bed.admin.makeApiClient(RbacAuthorizationV1Api);
      await rbac.createNamespacedRole({
        namespace: EVIL,
        body: {
          metadata: { name: 'announces' },
          rules: [{ apiGroups: ['ngn2.nvidia.com'], resources: ['*'], verbs: ['*'] }],
        },
      });
      for (const [kind, name] of [
        ['ClusterRole', 'edit'],
        ['Role', 'announces'],
      ] as const) {
        await rbac.createNamespacedRoleBinding({
          namespace: EVIL,
          body: {
            metadata: { name },
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
            subjects: [{ kind: 'User', name: TENANT, apiGroup: 'rbac.authorization.k8s.io' }],
          },
        });
      }
      await eventually('the tenant to have its rights', async () => {
        return (await asTenant('GET', `/api/v1/namespaces/${EVIL}/pods?limit=1`)).status === 200;
      });
    }

    function writeEvent(name: string, about: string, component: string) {
      const at = new Date().toISOString();
      return asTenant('POST', `/api/v1/namespaces/${EVIL}/events`, {
        metadata: { name, namespace: EVIL },
        involvedObject: { apiVersion: 'v1', kind: 'Node', name: about, namespace: EVIL },
        reason: 'Odd',
        type: 'Warning',
        lastTimestamp: at,
        source: { component },
      });
    }

    async function bigEvent(at: number): Promise<void> {
      await writeEvent(`big-${at}`, 'x'.repeat(1.4e6), 'mallory');
      // etcd has room for some hundred.
      if (at >= 100) await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/events/big-${at - 100}`);
    }

    async function oddEvent(at: number): Promise<void> {
      await writeEvent(`odd-${at}`, `gpu-${1 + (at % 40)}`, `mallory-${at}`);
      await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/events/odd-${at}`);
    }

    async function createAndDelete(name: string, spec: object, lastsMs = 0): Promise<void> {
      const path = `/api/v1/namespaces/${EVIL}/pods`;
      const metadata = { name, annotations: { [PROFILE]: 'nvidia' } };
      await asTenant('POST', path, { metadata, spec });
      if (lastsMs > 0) await sleep(lastsMs);
      await asTenant('DELETE', `${path}/${name}?gracePeriodSeconds=0`);
    }

    function containers(at: number, gpus: number, length: number): readonly object[] {
      return Array.from({ length: 64 }, (_none, index) => ({
        name: `c${index}`,
        image: `registry.example/${at}/${'x'.repeat(length)}-${index}:1`,
        ...(index === 0 && gpus > 0 && { resources: { limits: { [GPU]: String(gpus) } } }),
      }));
    }

    async function briefPod(at: number): Promise<void> {
      const spec = { schedulerName: 'nobody', containers: containers(at, at % 2, 450) };
      await createAndDelete(`brief-${at}`, spec);
    }

    async function devicePod(at: number): Promise<void> {
      const spec = { restartPolicy: 'Never', containers: containers(at, 1, 100) };
      await createAndDelete(`device-${at}`, spec, 2000);
    }

    async function namedPod(at: number): Promise<void> {
      const [container] = containers(at, 1, 10);
      await createAndDelete(`named-${at}`, { nodeName: spareNode(), containers: [container] }, 500);
    }

    /** One on which nobody of the group is, so that the kubelet need not refuse. */
    function spareNode(): string {
      const taken = new Set([...before.values()].map(({ spec }) => spec?.nodeName));
      const names = Array.from({ length: SLOTS + SPARES }, (_none, at) => `gpu-${at + 1}`);
      return names.find((name) => !taken.has(name)) ?? '';
    }

    async function maintenance(at: number): Promise<void> {
      const path = `/apis/ngn2.nvidia.com/v1alpha1/namespaces/${EVIL}/notifymaintenances`;
      await asTenant('POST', path, {
        apiVersion: 'ngn2.nvidia.com/v1alpha1',
        kind: 'NotifyMaintenance',
        metadata: { name: `m-${at}` },
        spec: {
          nodeObject: `gpu-${1 + (at % 40)}`,
          maintenanceType: at % 2 === 0 ? 'planned' : 'unplanned',
        },
      });
      if (at >= 20) await asTenant('DELETE', `${path}/m-${at - 20}`);
    }

    function toWebhook(headers: Record<string, string | number>) {
      const call = overHttps({
        host: '127.0.0.1',
        port: bed.surefoot.webhookPort,
        path: '/mutate',
        method: 'POST',
        localAddress: HOSTILE_ADDRESS,
        rejectUnauthorized: false,
        agent: false,
        headers: { 'Content-Type': 'application/json', ...headers },
      });
      call.on('error', () => {}).on('response', (response) => response.resume());
      return call;
    }

    async function digits(): Promise<void> {
      const limits = { [GPU]: `${'1'.repeat(60_000)}x` };
      const spec = { containers: [{ name: 'main', resources: { limits } }] };
      const body = JSON.stringify(makeReview({}, makePod({ spec } as never)));
      toWebhook({ 'Content-Length': Buffer.byteLength(body) }).end(body);
    }

    async function chunked(): Promise<void> {
      const call = toWebhook({ 'Transfer-Encoding': 'chunked' });
      for (let piece = 0; piece < 64; piece += 1) call.write(Buffer.alloc(64 * 1024, ' '));
      setTimeout(() => call.destroy(), 5000);
    }

    async function idle(at: number): Promise<void> {
      const socket: TLSSocket = connect({
        host: '127.0.0.1',
        port: bed.surefoot.webhookPort,
        rejectUnauthorized: false,
        localAddress: HOSTILE_ADDRESS,
      } as never);
      socket.on('error', () => {}).resume();
      socket.write(`GET /${at} HTTP/1.1\r\nHost: x\r\n\r\n`);
      setTimeout(() => socket.destroy(), 60_000);
    }

    async function slowBody(): Promise<void> {
      const call = toWebhook({ 'Content-Length': 1000 });
      call.write('{');
      setTimeout(() => call.destroy(), 10_000);
    }
  },
  (MINUTES + 15) * 60_000,
);

/** pika's kind (NVIDIA/pika api/v1alpha1), without its schema and its controller. */
const MAINTENANCES = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'notifymaintenances.ngn2.nvidia.com' },
  spec: {
    group: 'ngn2.nvidia.com',
    scope: 'Namespaced',
    names: {
      kind: 'NotifyMaintenance',
      plural: 'notifymaintenances',
      singular: 'notifymaintenance',
    },
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};
