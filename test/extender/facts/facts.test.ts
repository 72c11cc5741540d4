import { describe, expect, test } from 'vitest';
import { normalizedImage } from '../../../extender/facts/images.ts';
import { namespaceFacts } from '../../../extender/facts/namespaces.ts';
import { nodeFacts } from '../../../extender/facts/nodes.ts';
import { devicePodFacts, podFacts } from '../../../extender/facts/pods.ts';
import { Cluster } from '../../../extender/state/cluster.ts';
import { CATALOGUE } from '../../make/catalogue.ts';
import { GPU, makeImages, makeNode, makePodFacts } from '../../make/facts.ts';
import { makePod } from '../../make/pod.ts';
import { makeProfile } from '../../make/profile.ts';

describe('normalizedImage', () => {
  const rows = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['busybox:1', 'docker.io/library/busybox:1'],
    ['nvidia/cuda:12', 'docker.io/nvidia/cuda:12'],
    ['nvcr.io/nvidia/pytorch', 'nvcr.io/nvidia/pytorch:latest'],
    ['localhost:5000/a:1', 'localhost:5000/a:1'],
    ['localhost/a', 'localhost/a:latest'],
    ['a@sha256:12', 'docker.io/library/a@sha256:12'],
  ] as const;
  test.each(rows)('%s is %s', (name, normalized) => {
    expect(normalizedImage(name)).toBe(normalized);
    expect(normalizedImage(normalized)).toBe(normalized);
  });
});

test.each([
  { name: 'a device', limits: { [GPU]: '1' }, isKept: true },
  { name: 'no device', limits: { cpu: '1' }, isKept: false },
])('a pod that asks for $name is kept: $isKept', ({ limits, isKept }) => {
  const pod = makePod({ container: { resources: { limits } } });
  expect(devicePodFacts(pod, [makeProfile()]) !== undefined).toBe(isKept);
});

describe('nodeFacts', () => {
  test('reads the taints that keep pods away, and not those that only ask to', () => {
    const taints = [
      { key: 'sku', value: 'gpu', effect: 'NoSchedule' },
      { key: 'old', effect: 'PreferNoSchedule' },
      { key: 'gone', effect: 'NoExecute' },
    ];
    expect(nodeFacts({ spec: { taints } }, CATALOGUE, []).taints).toEqual([
      { key: 'sku', value: 'gpu', effect: 'NoSchedule' },
      { key: 'gone', value: '', effect: 'NoExecute' },
    ]);
  });

  test('reads devices, images and the machine', () => {
    const facts = nodeFacts(
      {
        metadata: {
          name: 'gpu-1',
          uid: 'n',
          labels: { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/rack': 'r7' },
        },
        spec: { unschedulable: true },
        status: {
          capacity: { cpu: '64', [GPU]: '8' },
          allocatable: { cpu: '63', [GPU]: '7' },
          // The API really sends null for an image that has lost its tags.
          images: [{ names: ['busybox', 'busybox@sha256:1'], sizeBytes: 5 }, {}, { names: null }],
          conditions: [
            { type: 'DiskPressure', status: 'False' },
            { type: 'Ready', status: 'True' },
          ],
          nodeInfo: { systemUUID: 'ABC', bootID: 'b' },
        },
      },
      CATALOGUE,
      [makeProfile()],
    );
    expect(facts).toEqual({
      uid: 'n',
      name: 'gpu-1',
      host: 'uuid:abc',
      rack: 'r7',
      zone: 'z',
      isReady: true,
      isCordoned: true,
      bootId: 'b',
      devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]),
      images: [
        {
          names: ['docker.io/library/busybox:latest', 'docker.io/library/busybox@sha256:1'],
          bytes: 5,
        },
      ],
      isImageListCut: false,
      taints: [],
      findings: [expect.objectContaining({ key: 'cordon' })],
      unmapped: [],
    });
  });

  test('an empty Node is no reason to fall over', () => {
    expect(nodeFacts({}, CATALOGUE, []).devices.size).toBe(0);
  });

  test('tells the domain at each level by the first label that has a value', () => {
    const labels = { rack: '', leaf: 'l7', spine: 's1' };
    const levels = [['clique'], ['rack', 'leaf'], ['spine', 'leaf']];
    const topology = levels.map((names) => ({ labels: names, slowdown: 0.05 }));
    const { domains } = nodeFacts({ metadata: { labels } }, CATALOGUE, [], topology);
    expect(domains).toEqual(['', 'l7', 's1']);
    expect(nodeFacts({ metadata: { labels } }, CATALOGUE, [])).not.toHaveProperty('domains');
  });
});

describe('podFacts', () => {
  const facts = (parts: Parameters<typeof makePod>[0]) => podFacts(makePod(parts), [makeProfile()]);

  test('what its scheduler goes by is known until it runs', () => {
    const tolerations = [{ key: 'sku', operator: 'Exists' }];
    const waiting = facts({ spec: { tolerations }, status: { nominatedNodeName: 'gpu-1' } });
    expect(waiting.schedulingConstraints).toEqual({
      schedulerName: 'default-scheduler',
      choice: { kind: 'any' },
      tolerations,
      nominatedNode: 'gpu-1',
    });
    expect(facts({ status: { phase: 'Running' } })).not.toHaveProperty('schedulingConstraints');
  });

  test.each([
    ['text', '2026-06-01T12:00:00Z'],
    ['a Date, as the client decodes lists', new Date('2026-06-01T12:00:00Z')],
  ])('reads times given as %s', (_name, at) => {
    const status = { startTime: at, containerStatuses: [{ name: 'a', state: { running: {} } }] };
    expect(facts({ metadata: { creationTimestamp: at }, status })).toMatchObject({
      createdAtSeconds: 1780315200,
      startedAtSeconds: 1780315200,
    });
  });

  test('a pod of which no container ever ran has not started', () => {
    const status = {
      startTime: '2026-06-01T12:00:00Z',
      containerStatuses: [{ name: 'a', state: {} }],
    };
    expect(facts({ status })).not.toHaveProperty('startedAtSeconds');
  });

  test('what is too long or too many to be images is passed over', () => {
    const many = Array.from({ length: 100 }, (_none, index) => ({ name: 'c', image: `i${index}` }));
    const containers = [{ name: 'long', image: 'x'.repeat(800_000) }, ...many];
    expect(facts({ spec: { containers } }).images).toHaveLength(64);
  });

  test('reads how it ended', () => {
    const ended = facts({
      status: {
        phase: 'Failed',
        conditions: [
          { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' },
        ],
        containerStatuses: [
          { name: 'a', state: { terminated: { exitCode: 0, finishedAt: '2026-06-01T12:00:00Z' } } },
          {
            name: 'b',
            state: { terminated: { exitCode: 74, finishedAt: '2026-06-01T12:00:05Z' } },
          },
        ],
      },
    });
    expect(ended).toMatchObject({
      phase: 'Failed',
      exitCode: 74,
      endedAtSeconds: 1780315205,
      disruption: 'DeletionByTaintManager',
    });
  });

  test('reads the health of its devices, of which unknown words are Unknown', () => {
    const resources = ['Healthy', 'Unhealthy', 'Degraded'].map((health, index) => ({
      resourceID: `GPU-${index}`,
      health,
    }));
    const { deviceHealth } = facts({
      status: {
        containerStatuses: [{ name: 'a', allocatedResourcesStatus: [{ name: GPU, resources }] }],
      },
    });
    expect(deviceHealth.map(({ device, health }) => `${device} ${health}`)).toEqual([
      'GPU-0 Healthy',
      'GPU-1 Unhealthy',
      'GPU-2 Unknown',
    ]);
  });

  test.each([
    [{}, 'unsaid'],
    [{ annotations: { 'surefoot.dev/profile': 'nvidia' } }, 'in'],
    [{ labels: { 'surefoot.dev/managed': 'true' } }, 'in'],
    [
      {
        labels: { 'surefoot.dev/managed': 'true' },
        annotations: { 'surefoot.dev/inject': 'false' },
      },
      'out',
    ],
  ])('%j says %s', (metadata, optIn) => {
    expect(facts({ metadata }).optIn).toBe(optIn);
  });
});

describe('namespaceFacts', () => {
  test.each([
    ['enabled', 'enabled'],
    ['observe', 'observe'],
    ['disabled', 'unsaid'],
    [undefined, 'unsaid'],
  ])('the label %s says %s', (label, optIn) => {
    const labels = label === undefined ? {} : { 'surefoot.dev/inject': label };
    expect(namespaceFacts({ metadata: { name: 'a', labels } }).optIn).toBe(optIn);
  });
});

describe('the cluster', () => {
  test('forgets a namespace that is gone, and not one that was created anew', () => {
    const cluster = new Cluster();
    cluster.setNamespace({ uid: 'old', name: 'a', optIn: 'enabled' });
    cluster.setNamespace({ uid: 'new', name: 'a', optIn: 'observe' });
    cluster.removeNamespace('old');
    expect(cluster.namespaceOptIn('a')).toBe('observe');
    cluster.removeNamespace('new');
    expect(cluster.namespaceOptIn('a')).toBe('unsaid');
  });

  test('counts free devices from the pods that hold them', () => {
    const cluster = new Cluster();
    const node = makeNode();
    cluster.setNode(node);
    cluster.setPod(makePodFacts({ name: 'a' }));
    cluster.setPod(makePodFacts({ name: 'b' }));
    expect(cluster.freeDevices(node, GPU)).toBe(6);
    cluster.setPod(makePodFacts({ name: 'b', phase: 'Succeeded' }));
    expect(cluster.freeDevices(node, GPU)).toBe(7);
    cluster.removePod('uid-a');
    cluster.removePod('uid-a');
    expect(cluster.freeDevices(node, GPU)).toBe(8);
  });

  test.each([
    {
      name: 'a heartbeat',
      change: { readySinceSeconds: 5, bootId: 'x', isCordoned: true },
      isNew: false,
    },
    { name: 'equal devices', change: { devices: new Map(makeNode().devices) }, isNew: false },
    { name: 'an image', change: { images: makeImages(['x', 5]) }, isNew: true },
    { name: 'no device', change: { devices: new Map() }, isNew: true },
    {
      name: 'a device less',
      change: { devices: new Map([[GPU, { capacity: 8, allocatable: 7 }]]) },
      isNew: true,
    },
    {
      name: 'a device more',
      change: { devices: new Map([[GPU, { capacity: 9, allocatable: 8 }]]) },
      isNew: true,
    },
    { name: 'another machine', change: { host: 'uuid:other' }, isNew: true },
    { name: 'another model', change: { model: 'h100' }, isNew: true },
    { name: 'another Node', change: { uid: 'other' }, isNew: true },
    { name: 'another age', change: { createdAtSeconds: 5 }, isNew: true },
  ])('$name gives a node another version: $isNew', ({ change, isNew }) => {
    const cluster = new Cluster();
    cluster.setNode(makeNode());
    const nodeIndex = cluster.index.of('gpu-1');
    const before = cluster.versions[nodeIndex];
    cluster.setNode(makeNode(change));
    expect(cluster.index.of('gpu-1')).toBe(nodeIndex);
    expect(cluster.versions[nodeIndex] !== before).toBe(isNew);
    expect(cluster.node('gpu-1')).toMatchObject(change);
  });

  test('gives the nodeIndex of a node that is gone to the next one', () => {
    const cluster = new Cluster();
    for (const name of ['a', 'b']) cluster.setNode(makeNode({ name }));
    const nodeIndex = cluster.index.of('a');
    const before = cluster.versions[nodeIndex];
    cluster.removeNode('uid-a');
    expect(cluster.at(nodeIndex)).toBeUndefined();
    cluster.setNode(makeNode({ name: 'c' }));
    expect(cluster.index.of('c')).toBe(nodeIndex);
    expect(cluster.index.capacity).toBe(2);
    expect(cluster.at(nodeIndex)?.name).toBe('c');
    expect(cluster.versions[nodeIndex]).not.toBe(before);
  });

  test('knows the size of an image that no node has any more', () => {
    const cluster = new Cluster();
    cluster.setNode(makeNode({ name: 'a', images: makeImages(['x', 5]) }));
    cluster.removeNode('uid-a');
    expect(cluster.images.bytesOf('x')).toBe(5);
  });

  test('device pods wait in the order in which they came, until they are bound or gone', () => {
    const cluster = new Cluster();
    const { node: _, ...waiting } = makePodFacts({ phase: 'Pending' });
    const names = () => [...cluster.pending()].map(({ name }) => name);
    for (const name of ['a', 'b', 'c', 'd']) cluster.setPod({ ...waiting, uid: name, name });
    cluster.setPod({ ...waiting, uid: 'a', name: 'a', images: ['changed'] });
    expect(names()).toEqual(['a', 'b', 'c', 'd']);
    cluster.setPod({ ...waiting, uid: 'b', name: 'b', node: 'gpu-1' });
    cluster.setPod({ ...waiting, uid: 'c', name: 'c', isTerminating: true });
    cluster.removePod('d');
    expect(names()).toEqual(['a']);
  });

  test('a Node that was created anew under its name outlives the end of the old one', () => {
    const cluster = new Cluster();
    cluster.setNode(makeNode({ uid: 'old' }));
    cluster.setNode(makeNode({ uid: 'new' }));
    cluster.removeNode('old');
    expect(cluster.node('gpu-1')?.uid).toBe('new');
  });
});
