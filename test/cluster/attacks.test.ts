import { readFile } from 'node:fs/promises';
import { AuthorizationV1Api, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { builtInCatalogue } from '../../extender/signals/built-in-catalogue.ts';
import { catalogueOf, type Source } from '../../extender/signals/catalogue.ts';
import { INJECT, PROFILE } from '../../webhook/words/keys.ts';
import { GPU } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

/**
 * What a tenant can do who has `edit` in one namespace, and nothing else: every request of this file that is not the
 * bed's own is made in the tenant's name.
 */

const used = useBed({ count: 4, gpus: 8, mode: 'act', tainted: false });
const EVIL = 'team-evil';
const TENANT = 'mallory';
const MIB = 2 ** 20;
/** What the manifests give the extender (manifests/base/extender.yaml). */
const MEMORY_LIMIT_BYTES = 1024 * MIB;
let raw: RawClient;

beforeAll(async () => {
  raw = await RawClient.for(used.bed);
  await used.hand.core.createNamespace({
    body: { metadata: { name: EVIL, labels: { [INJECT]: 'enabled' } } },
  });
  const rbac = used.bed.admin.makeApiClient(RbacAuthorizationV1Api);
  await rbac.createNamespacedRoleBinding({
    namespace: EVIL,
    body: {
      metadata: { name: TENANT },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
      subjects: [{ kind: 'User', name: TENANT, apiGroup: 'rbac.authorization.k8s.io' }],
    },
  });
  await eventually('the tenant to have its rights', async () => {
    const { status } = await asTenant('GET', `/api/v1/namespaces/${EVIL}/pods?limit=1`);
    return status === 200;
  });
});

function asTenant(method: string, path: string, body?: object, contentType?: string) {
  return raw.send(method, path, body, contentType, TENANT);
}

async function created(plural: 'events' | 'pods', body: object): Promise<void> {
  const answer = await asTenant('POST', `/api/v1/namespaces/${EVIL}/${plural}`, body);
  expect(answer.status, JSON.stringify(answer.body).slice(0, 300)).toBe(201);
}

/** An Event about a Node, in the tenant's own namespace. */
function event(name: string, about: string, more: object = {}): object {
  const at = new Date().toISOString();
  return {
    metadata: { name, namespace: EVIL },
    involvedObject: { apiVersion: 'v1', kind: 'Node', name: about, namespace: EVIL },
    reason: 'Odd',
    type: 'Warning',
    firstTimestamp: at,
    lastTimestamp: at,
    source: { component: 'mallory' },
    ...more,
  };
}

/** Most resident memory that the process ever had, in bytes. */
async function peakBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function inBatches<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < all.length; from += 8) {
    await Promise.all(all.slice(from, from + 8).map(work));
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_none, at) => at);

describe('a tenant with edit in one namespace', () => {
  test('fills the API with objects of 1.4 MB: a new replica lists them, within its memory', async () => {
    const quiet = await used.bed.surefoot.startReplica();
    const quietBytes = await peakBytes(quiet.pid);
    await quiet.stop();
    // 280 MB of Events and 84 MB of pods: as one answer each they took more than 1 GiB to read.
    await inBatches(numbers(200), (at) => created('events', event(`e${at}`, 'x'.repeat(1.4e6))));
    const annotations = { filler: 'x'.repeat(250_000) };
    const args = [`${'<'.repeat(1.1e6)}`];
    await inBatches(numbers(60), (at) =>
      created('pods', {
        metadata: { name: `p${at}`, annotations },
        spec: { schedulerName: 'nobody', containers: [{ name: 'main', image: 'x', args }] },
      }),
    );
    const replica = await used.bed.surefoot.startReplica();
    const bytes = await peakBytes(replica.pid);
    await replica.stop();
    console.log(`peak resident: quiet ${quietBytes / MIB} MiB, attacked ${bytes / MIB} MiB`);
    expect(bytes).toBeLessThan(MEMORY_LIMIT_BYTES / 2);
    await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/events`);
    await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/pods`);
  }, 240_000);

  test('writes Events of kinds of its own: what others wrote stays in the list of unmapped kinds', async () => {
    await used.hand.tellEvent('gpu-1', {
      component: 'honest-agent',
      reason: 'GpuSick',
      type: 'Warning',
      message: 'sick',
    });
    const component = (at: number) => ({ source: { component: `mallory-${at}` } });
    await inBatches(numbers(250), (at) =>
      created('events', event(`k${at}`, 'gpu-1', component(at))),
    );
    await inBatches(numbers(50), (at) => created('events', event(`n${at}`, `nowhere-${at}`)));
    const kinds = await eventually('its last kind to be listed', async () => {
      const { unmapped } = await used.bed.surefoot.signals();
      return unmapped.some(({ what }) => what === 'event mallory-249/Odd') && unmapped;
    });
    expect(kinds.map(({ what }) => what)).toContain('event honest-agent/GpuSick');
    expect(kinds.length).toBeLessThanOrEqual(21);
    await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/events`);
  }, 60_000);

  test('makes pods that name their node: nobody is alarmed, and why is said', async () => {
    const named = (name: string) => {
      const { metadata, spec } = pod(name);
      return { metadata, spec: { ...spec, nodeName: 'gpu-1' } };
    };
    for (const at of numbers(5)) await created('pods', named(`named-${at}`));
    const decision = await eventually('the last one to be seen', () =>
      used.bed.surefoot.decisionFor(`${EVIL}/named-4`),
    );
    expect(decision.unasked?.words).toBe(
      'pinned to gpu-1 by its own nodeName: no scheduler placed it',
    );
    const readiness = await fetch(`http://${used.bed.surefoot.adminAddresses[1]}/readyz`);
    expect(await readiness.text()).toContain('[+]asked ok\n');
    await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/pods`);
  });

  test('makes a pod of 64 images that differ each time: questions stay answered', async () => {
    const hostile = (name: string, turn: number) => {
      const containers = numbers(64).map((at) => ({
        name: `c${at}`,
        image: `registry.example/${turn}/${'x'.repeat(200)}-${at}:1`,
        ...(at === 0 && { resources: { limits: { [GPU]: '1' } } }),
      }));
      const annotations = { [PROFILE]: 'nvidia' };
      return { metadata: { name, annotations }, spec: { restartPolicy: 'Never', containers } };
    };
    for (const at of numbers(10)) await created('pods', hostile(`many-${at}`, at));
    await eventually('a decision about the last one', () =>
      used.bed.surefoot.decisionFor(`${EVIL}/many-9`),
    );
    await asTenant('DELETE', `/api/v1/namespaces/${EVIL}/pods`);
  }, 60_000);

  test.each(['', '/status', '/finalize'])(
    'whoever may write namespaces%s, but not opt them in, cannot write the label',
    async (part) => {
      const rbac = used.bed.admin.makeApiClient(RbacAuthorizationV1Api);
      const name = `labels${part.replace('/', '-')}`;
      await rbac.createClusterRole({
        body: {
          metadata: { name },
          rules: [
            { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
            { apiGroups: [''], resources: [`namespaces${part}`], verbs: ['update'] },
          ],
        },
      });
      await rbac.createClusterRoleBinding({
        body: {
          metadata: { name },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
          subjects: [{ kind: 'User', name, apiGroup: 'rbac.authorization.k8s.io' }],
        },
      });
      const path = '/api/v1/namespaces/default';
      const written = async (label: object) => {
        const { body: before } = await raw.send('GET', path);
        const metadata = { ...before.metadata, labels: { ...before.metadata.labels, ...label } };
        return raw.send('PUT', `${path}${part}`, { ...before, metadata }, undefined, name);
      };
      await eventually(
        'its rights',
        async () => (await written({ harmless: 'yes' })).status === 200,
      );
      expect(await written({ [INJECT]: 'observe' })).toMatchObject({
        status: 422,
        body: { message: expect.stringContaining('who may opt-in namespaces') },
      });
    },
  );
});

/** Where each source of the catalogue stands in the API: who may write there may write its signs. */
const WRITTEN_IN: Readonly<
  Record<Exclude<Source, 'custom-object' | 'prometheus'>, readonly [string, string, string?]>
> = {
  'node-condition': ['', 'nodes', 'status'],
  'node-label': ['', 'nodes'],
  'node-annotation': ['', 'nodes'],
  'node-taint': ['', 'nodes'],
  'node-cordon': ['', 'nodes'],
  'node-allocatable': ['', 'nodes', 'status'],
  'node-boot': ['', 'nodes', 'status'],
  'node-event': ['', 'events'],
  'pod-device-health': ['', 'pods', 'status'],
  'pod-rejected': ['', 'pods', 'status'],
  'pod-condition': ['', 'pods', 'status'],
  // The status is the kubelet's, and what it says there the tenant's container decides.
  'pod-exit': ['', 'pods'],
  'pod-waiting': ['', 'pods'],
  'device-taint': ['resource.k8s.io', 'resourceslices'],
  'device-taint-rule': ['resource.k8s.io', 'devicetaintrules'],
  'claim-condition': ['resource.k8s.io', 'resourceclaims', 'status'],
};

test.each(Object.entries(WRITTEN_IN))(
  'a row of %s is trusted only where a tenant with edit cannot write',
  async (source, [group, resource, subresource]) => {
    const api = used.bed.admin.makeApiClient(AuthorizationV1Api);
    const mayWrite = await Promise.all(
      ['create', 'update', 'patch'].map(async (verb) => {
        const resourceAttributes = {
          verb,
          group,
          resource,
          ...(subresource !== undefined && { subresource }),
          namespace: EVIL,
        };
        const { status } = await api.createSubjectAccessReview({
          body: { spec: { user: TENANT, resourceAttributes } },
        });
        return status?.allowed === true;
      }),
    );
    const trusts = catalogueOf(builtInCatalogue())
      .of(source as Source)
      .map(({ trust }) => trust);
    expect(new Set(trusts)).toEqual(new Set([mayWrite.includes(true) ? 'forgeable' : 'platform']));
  },
);
