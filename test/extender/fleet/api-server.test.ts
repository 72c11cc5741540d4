import type { KubeConfig } from '@kubernetes/client-node';
import {
  KubeConfig as ClientConfig,
  CoreV1Api,
  PatchStrategy,
  setHeaderOptions,
} from '@kubernetes/client-node';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Node } from '../../../extender/facts/nodes.ts';
import { fleetApiApp } from '../../../extender/fleet/api-server.ts';
import type { Fleet } from '../../../extender/fleet/fleet.ts';
import { nodeSource } from '../../../extender/watch/api.ts';
import { Reflector } from '../../../extender/watch/reflector.ts';
import { eventually } from '../../cluster/eventually.ts';
import { listening, postJson } from '../../fake/listening.ts';
import { admitTolerating, FLEET_START_SECONDS, makeFleet } from '../../make/fleet.ts';

const SCRIPT = 'workloads: [{ name: lone, kind: notebooks, at: 1h }]\n';
const AS_MERGE_PATCH = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
const NO_METRICS = { restarted() {}, handlerFailed() {}, heard() {} };
const POD = {
  metadata: { name: 'mine' },
  spec: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '1' } } }] },
};

async function served(nodes = 4): Promise<{ fleet: Fleet; url: string; config: KubeConfig }> {
  const { fleet } = makeFleet(SCRIPT, { nodes });
  const url = await listening(
    fleetApiApp({
      api: fleet.api,
      nowSeconds: () => fleet.timeline.nowSeconds,
      admit: admitTolerating,
      terminate: (key) => fleet.kubelets.terminate(key),
    }),
  );
  const config = new ClientConfig();
  config.loadFromClusterAndUser(
    { name: 'fleet', server: url, skipTLSVerify: true },
    { name: 'nobody' },
  );
  return { fleet, url, config };
}

describe('the API of the fleet, seen by the Kubernetes client', () => {
  test('lists in pages, each object once', async () => {
    const core = (await served(7)).config.makeApiClient(CoreV1Api);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await core.listNode({ limit: 3, ...(token && { _continue: token }) });
      expect(page.items.length).toBeLessThanOrEqual(3);
      names.push(...page.items.map(({ metadata }) => metadata?.name ?? ''));
      token = page.metadata?._continue;
    } while (token);
    expect(names).toEqual(['gpu-1', 'gpu-2', 'gpu-3', 'gpu-4', 'gpu-5', 'gpu-6', 'gpu-7']);
  });

  test('a reflector of ours follows it, also past an expired version', async () => {
    const { fleet, config } = await served();
    const seen = new Map<string, number>();
    const restarts: string[] = [];
    const reflector = new Reflector<Node, Node>(
      'nodes',
      nodeSource(config),
      {
        read: (node) => node,
        changed: ({ metadata, status }) =>
          seen.set(metadata?.name ?? '', Number(status?.allocatable?.['nvidia.com/gpu'])),
        removed: () => {},
      },
      {
        metrics: { ...NO_METRICS, restarted: (why) => restarts.push(why) },
        log: pino({ level: 'silent' }),
      },
    );
    const running = reflector.run();
    onTestFinished(async () => {
      reflector.stop();
      await running;
    });
    await reflector.listed();
    expect(seen.size).toBe(4);

    await eventually('the watch to show the fault', () => {
      fleet.kubelets.breakDevice('gpu-2', 5);
      return seen.get('gpu-2') === 7;
    });

    // As after a compaction while nobody watched: what was missed can only be listed.
    reflector.refresh();
    fleet.kubelets.breakDevice('gpu-3', 0);
    fleet.api.nodes.compact();
    await eventually('the list to show the next one', () => seen.get('gpu-3') === 7);
  });

  test('a watch from a version that is forgotten ends with 410', async () => {
    const { fleet, url } = await served();
    fleet.kubelets.breakDevice('gpu-1', 0);
    fleet.api.nodes.compact();
    const answer = await fetch(`${url}/api/v1/nodes?watch=true&resourceVersion=2`);
    expect(JSON.parse(await answer.text())).toMatchObject({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired' },
    });
  });

  test('creates, patches and deletes a pod; the scheduler and a kubelet do the rest', async () => {
    const { fleet, config } = await served();
    const core = config.makeApiClient(CoreV1Api);
    const namespace = 'default';
    const created = await core.createNamespacedPod({ namespace, body: POD });
    expect(created.metadata?.uid).toMatch(/^00000000-/);
    expect(created.spec?.tolerations).toHaveLength(1);
    await expect(core.createNamespacedPod({ namespace, body: POD })).rejects.toMatchObject({
      code: 409,
    });

    await fleet.timeline.runUntil(FLEET_START_SECONDS + 60);
    const running = await core.readNamespacedPod({ name: 'mine', namespace });
    expect(running.status?.phase).toBe('Running');

    const body = { metadata: { annotations: { a: 'b' }, uid: 'forged' } };
    const patched = await core.patchNamespacedPod(
      { name: 'mine', namespace, body },
      AS_MERGE_PATCH,
    );
    expect(patched.metadata).toMatchObject({
      annotations: { a: 'b' },
      uid: created.metadata?.uid,
    });
    expect(patched.spec?.nodeName).toBe(running.spec?.nodeName);

    await core.deleteNamespacedPod({ name: 'mine', namespace });
    const going = await core.readNamespacedPod({ name: 'mine', namespace });
    expect(going.metadata?.deletionTimestamp).toBeDefined();
    await fleet.timeline.runUntil(FLEET_START_SECONDS + 70);
    await expect(core.readNamespacedPod({ name: 'mine', namespace })).rejects.toMatchObject({
      code: 404,
    });
  });

  test('a status is patched by its own door, and by no other', async () => {
    const core = (await served()).config.makeApiClient(CoreV1Api);
    const body = { status: { nodeInfo: { bootID: 'x' } }, spec: { unschedulable: true } };
    const byMain = await core.patchNode({ name: 'gpu-1', body }, AS_MERGE_PATCH);
    expect(byMain.spec?.unschedulable).toBe(true);
    expect(byMain.status?.nodeInfo?.bootID).not.toBe('x');
    const byStatus = await core.patchNodeStatus({ name: 'gpu-2', body }, AS_MERGE_PATCH);
    expect(byStatus.spec?.unschedulable).toBeUndefined();
    expect(byStatus.status?.nodeInfo?.bootID).toBe('x');
  });
});

describe('bad input is answered with a Status', () => {
  const pods = '/api/v1/namespaces/default/pods';
  test.each([
    { name: 'an unknown path', path: '/apis/apps/v1/deployments', method: 'GET', code: 404 },
    { name: 'an unknown node', path: '/api/v1/nodes/nowhere', method: 'GET', code: 404 },
    { name: 'a made-up token', path: '/api/v1/nodes?continue=abc', method: 'GET', code: 400 },
    { name: 'no JSON', path: pods, method: 'POST', body: '{', code: 400 },
    { name: 'no pod', path: pods, method: 'POST', body: '[]', code: 400 },
    { name: 'no name', path: pods, method: 'POST', body: '{"metadata":{},"spec":{}}', code: 422 },
    { name: 'a JSON Patch', path: '/api/v1/nodes/gpu-1', method: 'PATCH', body: '[]', code: 415 },
    { name: 'nothing to delete', path: `${pods}/none`, method: 'DELETE', code: 404 },
  ])('$name: $code', async ({ path, method, body, code }) => {
    const { url } = await served();
    const answer =
      method === 'POST'
        ? await postJson(url + path, body)
        : await fetch(url + path, { method, ...(body !== undefined && { body }) });
    expect(answer.status).toBe(code);
    const { kind, message } = (await answer.json()) as { kind: string; message: string };
    expect(kind).toBe('Status');
    expect(message.length).toBeGreaterThan(10);
  });
});
