import { describe, expect, test } from 'vitest';
import type { NodeFacts, PodFacts } from '../../extender/facts/facts.ts';
import { podFacts } from '../../extender/facts/pods.ts';
import type { Pod } from '../../webhook/words/pod.ts';
import { GPU, makeNode, makePodFacts } from '../make/facts.ts';
import { makeIngest } from '../make/ingest.ts';
import { makePod } from '../make/pod.ts';
import { makeProfile } from '../make/profile.ts';

/** What the kubelet says when a pod does not get its device, in its own words and in a plugin's. */

const refused = (why: string) => ({
  phase: 'Failed',
  statusReason: 'UnexpectedAdmissionError',
  statusMessage: `Pod was rejected: Allocate failed due to ${why}, which is unexpected`,
});

/** A node on which a pod waits, and is refused. */
function refusing(why: string) {
  const unmapped: string[] = [];
  const made = makeIngest({ onUnmapped: (node, kind) => unmapped.push(`${node} ${kind}`) });
  made.ingest.nodeChanged(makeNode(), 0);
  const pod = makePodFacts({ phase: 'Pending' });
  made.ingest.podChanged(pod, false, 1000);
  made.ingest.podChanged({ ...pod, ...refused(why) }, false, 1001);
  return { ...made, unmapped, incidents: made.historyOf('gpu-1').incidents };
}

describe('a refusal in the words of a device plugin', () => {
  const rpc = 'device plugin GetPreferredAllocation rpc failed with err: rpc error: code = Unknown';
  test.each([
    `${rpc} desc = cannot list the devices: handle of device 3: nvml: GPU is lost`,
    `${rpc} desc = device 0000:3b:00.0 has fallen off the bus`,
    'rpc error: code = Internal desc = open /dev/accel2: no such device',
    'rpc error: code = Unknown desc = npu-4 is broken',
  ])('of a lost device is a fault of the node: %s', (why) => {
    const { incidents } = refusing(why);
    expect(incidents).toMatchObject([{ class: 'fatal', scope: 'node' }]);
  });

  test.each([
    'rpc error: code = Unavailable desc = error reading from server: EOF',
    'rpc error: code = Unknown desc = device number not matched',
    'rpc error: code = Unavailable desc = connection error: dial unix plugin.sock: connection refused',
    'device plugin GetDevicePluginOptions rpc failed with err: context deadline exceeded',
  ])('of any other kind is infrastructure: %s', (why) => {
    const { incidents } = refusing(why);
    expect(incidents).toMatchObject([{ class: 'infrastructure', scope: 'node' }]);
  });

  test('that no row knows is listed', () => {
    const { incidents, unmapped } = refusing('the moon is full');
    expect(incidents).toEqual([]);
    expect(unmapped).toEqual([
      'gpu-1 refusal UnexpectedAdmissionError: Pod was rejected: Allocate failed due to the moon is full, which is unexpected',
    ]);
  });
});

describe('a container that the runtime could not start', () => {
  const starting = (status: Pod['status']) =>
    podFacts({ ...makePod({ spec: { nodeName: 'gpu-1' } }), status } as Pod, [makeProfile()]);
  const lost =
    'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: error running prestart hook #0: exit status 1, stdout: , stderr: nvidia-container-cli: detection error: nvml error: gpu is lost: unknown';
  const failed = (message: string) => ({
    phase: 'Failed',
    startTime: '1970-01-01T00:10:00Z',
    containerStatuses: [
      {
        name: 'main',
        state: {
          terminated: {
            reason: 'StartError',
            exitCode: 128,
            startedAt: '1970-01-01T00:00:00Z',
            finishedAt: '1970-01-01T00:50:00Z',
            message,
          },
        },
      },
    ],
  });

  test('has no home where nothing ever ran', () => {
    const made = makeIngest();
    made.ingest.nodeChanged(makeNode(), 0);
    made.ingest.podChanged(starting({ phase: 'Pending' }), false, 10);
    const end = starting(failed(lost));
    expect(end.startedAtSeconds).toBeUndefined();
    made.ingest.podChanged(end, false, 3000);
    expect(made.ingest.homes.isEmpty).toBe(true);
  });

  test('says so of its device, and of its command nothing', () => {
    const outcomes = (message: string) => {
      const made = makeIngest();
      made.ingest.nodeChanged(makeNode(), 0);
      made.ingest.podChanged(starting({ phase: 'Pending' }), false, 10);
      made.ingest.podChanged(starting(failed(message)), false, 3000);
      return made.outcomes.filter((one) => one.startsWith('container-start-lost-device'));
    };
    expect(outcomes(lost)).toHaveLength(1);
    expect(outcomes('exec: "train": executable file not found in $PATH')).toEqual([]);
  });
});

describe('a refusal of what the kubelet had taken before blames nobody', () => {
  const again = refused(
    'no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu',
  );
  const offering = (allocatable: number, bootId: string): Partial<NodeFacts> => ({
    devices: new Map([[GPU, { capacity: 8, allocatable }]]),
    bootId,
  });
  type Step = readonly [at: number, what: 'pod' | 'node', change: object];
  const played = (...steps: readonly Step[]) => {
    const { ingest, historyOf } = makeIngest();
    for (const [at, what, change] of steps) {
      if (what === 'node') ingest.nodeChanged(makeNode(change as Partial<NodeFacts>), at);
      else ingest.podChanged(makePodFacts(change as Partial<PodFacts>), false, at);
    }
    return historyOf('gpu-1').incidents;
  };

  test.each(['Running', 'Succeeded', 'Failed'])('of a pod that was %s', (phase) => {
    const incidents = played(
      [0, 'node', offering(8, 'a')],
      [1000, 'pod', { phase: 'Running' }],
      [5000, 'pod', { phase }],
      [90_001, 'pod', again],
    );
    expect(incidents).toEqual([]);
  });

  test('of a pod of which an init container had run', () => {
    const ran = [{ image: 'registry.example/init:1', atSeconds: 900 }];
    const incidents = played(
      [0, 'node', offering(8, 'a')],
      [1000, 'pod', { phase: 'Pending', ran }],
      [90_001, 'pod', { ...again, ran }],
    );
    expect(incidents).toEqual([]);
  });

  test('and a reboot comes to the same in either order', () => {
    const pod: Step = [90_001, 'pod', again];
    const down: Step = [90_003, 'node', offering(0, 'b')];
    const before: readonly Step[] = [
      [0, 'node', offering(8, 'a')],
      [1000, 'pod', { phase: 'Running' }],
    ];
    const up: Step = [90_060, 'node', offering(8, 'b')];
    const podFirst = played(...before, pod, down, up);
    const nodeFirst = played(...before, down, pod, up);
    const seen = (incidents: typeof podFirst) =>
      incidents.map(({ rows, probability }) => [rows, probability]);
    expect(seen(podFirst)).toEqual(seen(nodeFirst));
    for (const { probability } of podFirst) expect(probability).toBeLessThanOrEqual(0.1);
  });
});
