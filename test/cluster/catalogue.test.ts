import {
  CustomObjectsApi,
  type KubernetesObject,
  KubernetesObjectApi,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, test } from 'vitest';
import type { CatalogueRow } from '../../extender/signals/catalogue.ts';
import { CATALOGUE } from '../make/catalogue.ts';
import { GPU, REBOOT, REJECTED } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { RawClient } from './raw.ts';
import { useBed } from './use-bed.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 120, gpus: 8, mode: 'act' });
let objects: KubernetesObjectApi;
let raw: RawClient;

beforeAll(async () => {
  objects = KubernetesObjectApi.makeApiClient(used.bed.admin);
  raw = await RawClient.for(used.bed);
  await eventually('the extender to keep the history', async () => {
    return (await used.bed.surefoot.signals()).keepsHistory;
  });
});

describe('the catalogue through the real API server', () => {
  type Example = Readonly<Record<string, string>>;
  const node = (index: number) => `gpu-${index + 1}`;

  /** Puts an example where its source stands, on a node; of pods their status is written by hand. */
  const PUT: Readonly<
    Record<
      CatalogueRow['source'],
      ((name: string, example: Example, row: CatalogueRow) => Promise<unknown>) | 'elsewhere'
    >
  > = {
    'node-condition': (name, condition) =>
      condition.type === 'Ready'
        ? used.hand.annotateNode(name, { [REBOOT]: `boot-${name}` })
        : used.hand.setConditions(name, [condition as { type: string; status: string }]),
    'node-event': (name, event) =>
      used.hand.tellEvent(
        name,
        event as { component: string; reason: string; message: string; type: string },
      ),
    'node-label': (name, { key = '', value = '', other = '' }, { below }) =>
      used.hand.patchNode(name, {
        metadata: { labels: { [key]: value, ...(below && { [below]: other }) } },
      }),
    'node-annotation': (name, { key = '', value = '' }) =>
      used.hand.annotateNode(name, { [key]: value }),
    'node-taint': async (name, { key = '', value = '', effect = 'NoSchedule' }) => {
      const { spec = {} } = await used.hand.core.readNode({ name });
      await used.hand.patchNode(name, {
        spec: { taints: [...(spec.taints ?? []), { key, value, effect }] },
      });
    },
    'node-cordon': (name) => used.hand.patchNode(name, { spec: { unschedulable: true } }),
    'node-allocatable': (name) => used.hand.withdrawDevices(name, 7),
    'node-boot': (name) => used.hand.annotateNode(name, { [REBOOT]: `unplanned-${name}` }),
    // The API server takes the health of a resource that the container has.
    'pod-device-health': (name, { health = '' }) => {
      const resources = [{ resourceID: 'GPU-x', health }];
      const allocatedResourcesStatus = [{ name: GPU, resources }];
      return podOn(name, { containerStatuses: [statusWith({ allocatedResourcesStatus })] });
    },
    // In the kubelet's place, before the pod has run.
    'pod-rejected': (name, { message = '' }) => {
      const body = pod(`on-${name}`, { annotations: { [REJECTED]: message } });
      return used.hand.createPod({
        ...body,
        spec: { containers: [], ...body.spec, nodeName: name },
      });
    },
    'pod-condition': (name, condition) => podOn(name, { conditions: [condition] }),
    'pod-exit': (name, { container, exitCode = '', ...why }) => {
      const terminated = { exitCode: Number(exitCode), ...why };
      const ended = (parts: object) => [statusWith({ state: { terminated }, ...parts })];
      return container === undefined
        ? podOn(name, { containerStatuses: ended({}) })
        : podOn(name, { initContainerStatuses: ended({ name: container }) }, container);
    },
    'pod-waiting': (name, waiting) =>
      podOn(name, { containerStatuses: [statusWith({ state: { waiting } })] }),
    'device-taint': (name, { driver = '', ...taint }) => slice(name, driver, [taint]),
    'device-taint-rule': async (name, { driver = '', ...taint }) => {
      await slice(name, `rule.${driver}`, []);
      await objects.create({
        apiVersion: 'resource.k8s.io/v1',
        kind: 'DeviceTaintRule',
        metadata: { name: `rule-${name}` },
        spec: { deviceSelector: { driver: `rule.${driver}` }, taint },
      } as KubernetesObject);
    },
    // Its status is a driver's to write, for an allocated claim: catalogue.test.ts has it.
    'claim-condition': 'elsewhere',
    // Asked of a real Prometheus in neighbours/prometheus.test.ts.
    prometheus: 'elsewhere',
    'custom-object': async (name, { plural = '', spec }, row) => {
      const { group = '', version = '', node: path = '' } = row.object ?? {};
      await customKind(group, version, plural);
      const field = path.split('.').at(-1) ?? '';
      await eventually(`${plural} to be served`, async () => {
        const body = {
          apiVersion: `${group}/${version}`,
          kind: plural,
          metadata: { name: `${row.name}-${name}` },
          spec: { ...(spec as unknown as object), [field]: name },
        };
        await used.bed.admin
          .makeApiClient(CustomObjectsApi)
          .createClusterCustomObject({ group, version, plural, body });
        return true;
      });
    },
  };

  function statusWith(parts: object): object {
    return { name: 'main', image: 'i', imageID: '', ready: true, restartCount: 0, ...parts };
  }

  /** A pod bound to the node by hand, with this status. */
  async function podOn(name: string, status: object, initContainer?: string): Promise<void> {
    const body = pod(`on-${name}`);
    await used.hand.createPod({
      ...body,
      spec: {
        ...body.spec,
        containers: body.spec?.containers ?? [],
        ...(initContainer !== undefined && {
          initContainers: [{ name: initContainer, image: 'i' }],
        }),
        nodeName: name,
      },
    });
    await used.hand.runningPod(`on-${name}`);
    await raw.send(
      'PATCH',
      `/api/v1/namespaces/default/pods/on-${name}/status`,
      { status },
      'application/strategic-merge-patch+json',
    );
  }

  function slice(nodeName: string, driver: string, taints: readonly object[]) {
    return objects.create({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      metadata: { name: `${nodeName}-${driver}` },
      spec: {
        driver,
        nodeName,
        pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
        devices: [
          {
            name: 'd',
            attributes: { uuid: { string: `GPU-${nodeName}` } },
            ...(taints.length > 0 && { taints }),
          },
        ],
      },
    } as KubernetesObject);
  }

  const made = new Set<string>();
  async function customKind(group: string, version: string, plural: string): Promise<void> {
    if (made.has(plural)) return;
    made.add(plural);
    const spec = { type: 'object', additionalProperties: { type: 'string' } };
    const schema = { type: 'object', properties: { spec } };
    await objects.create({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: `${plural}.${group}` },
      spec: {
        group,
        scope: 'Cluster',
        names: { plural, singular: plural.slice(0, -1), kind: plural, listKind: `${plural}List` },
        versions: [
          { name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } },
        ],
      },
    } as KubernetesObject);
  }

  /** Device taints are behind a gate that is off before 1.37, and their rules have other versions. */
  const hasDeviceTaints = (process.env.SUREFOOT_KUBERNETES ?? '1.37') === '1.37';
  const rows = CATALOGUE.rows.filter(
    ({ source }) =>
      PUT[source] !== 'elsewhere' && (hasDeviceTaints || !source.startsWith('device-taint')),
  );

  test(`${rows.length} rows are each seen on the node where their example was put`, async () => {
    for (const [index, row] of rows.entries()) {
      const put = PUT[row.source];
      if (put !== 'elsewhere') await put(node(index), (row.example ?? {}) as Example, row);
    }
    const unseen = () =>
      used.bed.surefoot.signals().then(({ rows: seen }) =>
        rows
          .map(({ name }) => seen.find((one) => one.name === name))
          .filter((one) => one === undefined || one.nodes + one.times === 0)
          .map((one) => one?.name),
      );
    // Kinds that were not served are asked for again once a minute.
    await eventually('every row to be seen', async () => (await unseen()).length === 0, {
      timeoutSeconds: 90,
    }).catch(async (error) => {
      throw new Error(`not seen: ${(await unseen()).join(', ')}`, { cause: error });
    });
    const fatal = rows.findIndex(({ name }) => name === 'nvsentinel-fallen-off');
    expect((await used.bed.surefoot.node(node(fatal)))?.incidents).toMatchObject([
      { class: 'fatal', device: 'GPU-3f2c1a00-0000-4000-8000-00000000000a', weight: 0.95 },
    ]);
  }, 180_000);
});
