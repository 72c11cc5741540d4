import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import type { Culprit } from '../../../extender/report/fleet-report.ts';
import { statusOf } from '../../../extender/storage/encode.ts';
import { directoryWith } from '../../fake/directory.ts';
import { forwardingServer } from '../../fake/forwarding-server.ts';
import { listening } from '../../fake/listening.ts';
import { servingPage } from '../../fake/page.ts';
import { Program } from '../../fake/program.ts';
import { makeNode } from '../../make/facts.ts';
import { makeKubeconfig } from '../../make/kubeconfig.ts';
import { makeTroubledFleet, NOW } from '../../make/troubled-fleet.ts';

/** What people ask, as a process, and all that it prints. */
async function asked(args: readonly string[], { page }: { page?: string } = {}) {
  const at = page ?? (await servingPage(makeTroubledFleet()));
  const { status, output, errors } = await new Program([...args, `--page=${at}`]).ended();
  return { status, output, errors };
}

describe('surefoot nodes', () => {
  test('lists the worst first, and why it is', async () => {
    const { output, status } = await asked(['nodes']);
    expect(output).toMatchInlineSnapshot(`
      "NODE     STATE       DEVICES   BROKEN   HAZARD        FAULTS   LAST FAULT    WHY
      gpu-7    ready             8        1   high (12 x)        1   60 s ago      XID 79: the GPU has fallen off the bus; the device plugin has withdrawn it, on GPU-3f2c, for 2 h
      gpu-22   cordoned          8        0   normal             1   21 days ago
      gpu-19   not ready         8        0   normal             0   -
      gpu-1    ready             8        0   normal             0   -
      "
    `);
    expect(status).toBe(0);
  });

  test('tells more where there is room, and less on request', async () => {
    expect((await asked(['nodes', '--bad', '-o', 'wide'])).output).toMatchInlineSnapshot(`
      "NODE     STATE       DEVICES   BROKEN   BUSY   HAZARD        FAULTS   OPEN   LAST FAULT   AWAY   RACK   MODEL   DRIVER      WHY
      gpu-7    ready             8        1      0   high (12 x)        1      1   60 s ago        0   r12    H100    580.95.05   XID 79: the GPU has fallen off the bus; the device plugin has withdrawn it, on GPU-3f2c, for 2 h
      gpu-19   not ready         8        0      0   normal             0      0   -               0   r12    H100    580.95.05
      "
    `);
    expect(
      (await asked(['get', 'nodes', '-A', '-o', 'name', '--sort=name'])).output,
    ).toMatchInlineSnapshot(`
      "node/gpu-1
      node/gpu-7
      node/gpu-19
      node/gpu-22
      "
    `);
    const { items } = JSON.parse((await asked(['nodes', '-o', 'json'])).output);
    expect(items.map(({ node, bad }: { node: string; bad: number }) => [node, bad])).toEqual([
      ['gpu-7', 1],
      ['gpu-22', 0],
      ['gpu-19', 0],
      ['gpu-1', 0],
    ]);
  });
});

test('with -w a list goes on with what has changed, and time alone changes nothing', async () => {
  const begunMs = performance.now();
  const fleet = makeTroubledFleet(() => NOW + (performance.now() - begunMs) / 10);
  const page = await servingPage(fleet);
  const program = new Program(['nodes', '-w', '--sort=name', `--page=${page}`]);
  const lines = () => program.output.trimEnd().split('\n');
  await vi.waitUntil(() => lines().length === 5, { timeout: 10_000 });
  await sleep(5000);
  expect(lines()).toHaveLength(5);
  fleet.cluster.setNode(makeNode({ name: 'gpu-1', isCordoned: true }));
  await vi.waitUntil(() => lines().length > 5, { timeout: 10_000 });
  expect(
    lines()
      .slice(5)
      .map((line) => line.split(/ {2,}/).slice(0, 2)),
  ).toEqual([['gpu-1', 'cordoned']]);
}, 40_000);

describe('surefoot node', () => {
  test('tells all about one', async () => {
    expect((await asked(['node', 'gpu-7'])).output).toMatchInlineSnapshot(`
      "gpu-7: ready, rack r12, model H100, driver 580.95.05, 8 devices, 1 broken
      host uuid:gpu-7
      hazard high: 12 times the fleet's rate; XID 79: the GPU has fallen off the bus; the device plugin has withdrawn it, on GPU-3f2c, for 2 h

      DEVICE        RESOURCE         STATE       HAZARD        POD
      GPU-3f2c      nvidia.com/gpu   withdrawn   high (35 x)   -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -
      (not named)   nvidia.com/gpu   free        normal        -

      Incidents:
        XID 79: the GPU has fallen off the bus; the device plugin has withdrawn it, on GPU-3f2c, for 2 h
          open since 2026-11-26T08:00:00Z (2 h ago); counts 0.9 of 0.9

      Not counted:
        the device plugin has withdrawn 8 devices (a device plugin or kubelet was restarting), 3 days ago, 2 times

      At home here, and away: nobody

      Pods: none has a device
      "
    `);
    expect((await asked(['node', 'gpu-22'])).output).toMatchInlineSnapshot(`
      "gpu-22: cordoned, rack r12, model H100, driver 580.95.05, 8 devices
      host uuid:gpu-22
      hazard normal: 1.7 times the fleet's rate

      DEVICE        RESOURCE         STATE   HAZARD           POD
      GPU-77aa      nvidia.com/gpu   free    elevated (3 x)   -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -
      (not named)   nvidia.com/gpu   free    normal           -

      Incidents:
        the kubelet could not give a pod its device, on GPU-77aa, 21 days ago
          2026-11-05T10:00:00Z to 2026-11-05T10:00:00Z (21 days ago); counts 0.25 of 1: a test after the repair has passed

      Not counted: nothing

      At home here, and away: nobody

      Pods: none has a device
      "
    `);
  });

  test('says so where nobody knows it', async () => {
    const { errors, status } = await asked(['node', 'gpu-77']);
    expect(errors).toBe(
      'no node "gpu-77" is known; did you mean gpu-7? surefoot nodes lists those that are\n',
    );
    expect(status).toBe(2);
  });
});

describe('surefoot incidents', () => {
  test('lists the latest first', async () => {
    expect((await asked(['incidents', '--since=30d'])).output).toMatchInlineSnapshot(`
      "OPENED        NODE     DEVICE     STATE                WEIGHT   WHAT
      2 h ago       gpu-7    GPU-3f2c   open                   0.90   XID 79: the GPU has fallen off the bus; the device plugin has withdrawn it
      21 days ago   gpu-22   GPU-77aa   closed 21 days ago     0.25   the kubelet could not give a pod its device
      "
    `);
  });

  test('of the last week, or open ones, or of one node', async () => {
    expect((await asked(['incidents', '-o', 'name'])).output).toBe(
      'incident/gpu-7/2026-11-26T08:00:00.000Z\n',
    );
    expect((await asked(['incidents', '--open', '--node=gpu-22'])).output).toBe(
      'no incident is open\n',
    );
  });

  test('of a node that nobody knows', async () => {
    const { errors, status } = await asked(['incidents', '--node=gpu-8']);
    expect(errors).toBe(
      'no node "gpu-8" is known; did you mean gpu-7? surefoot nodes lists those that are\n',
    );
    expect(status).toBe(2);
  });

  test('a span that is none', async () => {
    const { errors, status } = await asked(['incidents', '--since=yesterday']);
    expect(errors).toBe('--since: "yesterday" is not a duration; write one such as 7d or 12h\n');
    expect(status).toBe(2);
  });
});

describe('surefoot status', () => {
  test('says on one screen that all is well', async () => {
    const { output, status } = await asked(['status']);
    expect(output).toMatchInlineSnapshot(`
      "Surefoot 0.1.0 is well
        called       training-eu
        mode         act: pods are prepared, and the scheduler is told what each node costs
        extender     surefoot-extender-1 leads: the only replica
        scheduler    surefoot-scheduler asked 3 s ago; 12 questions
        watches      1 kind, nodes heard 2 s ago
        fleet        4 nodes, 32 devices; 1 broken; nodes of high hazard: 1, elevated: 1
        pods         with devices: 9; waiting for a node: 1, of them for their own: 0; unprepared: 0
        last 7 days  40 pods placed, 7 of 8 back on their own node; 3.2 device-hours less to lose than on average nodes
      "
    `);
    expect(status).toBe(0);
  });
});

describe('surefoot report and surefoot warranty', () => {
  test('tell what is remembered', async () => {
    const report = JSON.parse((await asked(['report', '-o', 'json', '--since=30d'])).output);
    expect(report.worst.map(({ node, device }: Culprit) => `${node} ${device}`)).toEqual([
      'gpu-7 GPU-3f2c',
    ]);
    const { output } = await asked(['warranty', 'gpu-7', '-o=csv']);
    expect(output.split('\n')[1]).toMatch(/^gpu-7,uuid:gpu-7,device,GPU-3f2c,nvidia.com\/gpu,,/);
  });

  test.each([
    {
      args: ['report', '--since=week'],
      says: '--since: "week" is not a duration; write one such as 7d or 30d\n',
      exits: 2,
    },
    {
      args: ['warranty'],
      says: 'name a node or a device, or say --all, and not both\n',
      exits: 2,
    },
    {
      args: ['warranty', 'gpu-1'],
      says: 'nothing of "gpu-1" is likely to have had a hardware fault; surefoot warranty --all lists what has, surefoot node NAME all that was seen\n',
      exits: 1,
    },
  ])('$args', async ({ args, says, exits }) => {
    const { errors, status } = await asked(args);
    expect(errors).toBe(says);
    expect(status).toBe(exits);
  });
});

describe('hands that are used to kubectl', () => {
  test.each([
    {
      args: ['nodez'],
      says: "error: unknown command 'nodez'\n(Did you mean one of node, nodes?)\n(see surefoot --help)\n",
    },
    {
      args: ['nodes', '--bda'],
      says: "error: unknown option '--bda'\n(Did you mean --bad?)\n(see surefoot nodes --help)\n",
    },
    {
      args: ['nodes', '-l=pool=h100', '--page=9092'],
      says: '--selector: the API server knows the labels, which --page has not; leave one of them out\n',
    },
    { args: ['leave', '-A'], says: "error: unknown option '-A'\n(see surefoot leave --help)\n" },
    {
      args: ['nodes', '-o', 'yml'],
      says: "error: option '-o, --output <FORM>' argument 'yml' is invalid. Allowed choices are table, wide, json, yaml, name.\n(see surefoot nodes --help)\n",
    },
  ])('$args', async ({ args, says }) => {
    const { errors, status } = await new Program(args).ended();
    expect(errors).toBe(says);
    expect(status).toBe(2);
  });

  test('completion knows the commands and their flags', async () => {
    const commands = (await new Program(['complete', '--', 'no']).ended()).output;
    expect(commands).toMatch(/^nodes\tthe nodes with devices/m);
    const flags = (await new Program(['complete', '--', 'incidents', '--op']).ended()).output;
    expect(flags).toMatch(/^--open\tonly those that something still reports/m);
  });
});

describe('through the API server', () => {
  test('the page of the extender is asked', async () => {
    const page = await servingPage(makeTroubledFleet());
    const server = await forwardingServer({ 'surefoot-extender-1': Number(new URL(page).port) });
    const directory = await directoryWith({ kubeconfig: makeKubeconfig(server) });
    const { output } = await new Program([
      'nodes',
      '-o=name',
      `--kubeconfig=${join(directory, 'kubeconfig')}`,
    ]).ended();
    expect(output).toBe('node/gpu-7\nnode/gpu-22\nnode/gpu-19\nnode/gpu-1\n');
  });

  test('without an extender the stored histories tell what they can, and it is said', async () => {
    const { store } = makeTroubledFleet();
    const items = [...store.all()].map((history) => ({
      apiVersion: 'surefoot.dev/v1alpha1',
      kind: 'DeviceHistory',
      metadata: { name: history.host.replace(':', '-'), uid: history.host },
      status: statusOf(history).status,
    }));
    const server = await listening(({ url = '' }, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      const found = url.includes('devicehistories') ? items : [];
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: found }));
    });
    const directory = await directoryWith({ kubeconfig: makeKubeconfig(server) });
    const ask = (...args: readonly string[]) =>
      new Program([...args, `--kubeconfig=${join(directory, 'kubeconfig')}`]).ended();
    const nodes = await ask('nodes');
    expect(nodes.errors).toMatch(
      /^no extender runs in surefoot-system of .*; this is from the DeviceHistory objects: no hazards, no states of nodes, no pods\n$/,
    );
    expect(nodes.output.split('\n').map((line) => line.split(/ {2,}/).slice(0, 6))).toEqual([
      ['NODE', 'STATE', 'DEVICES', 'BROKEN', 'HAZARD', 'FAULTS'],
      ['gpu-7', '?', '?', '?', '?', '1'],
      ['gpu-22', '?', '?', '?', '?', '1'],
      ['gpu-1', '?', '?', '?', '?', '0'],
      ['gpu-19', '?', '?', '?', '?', '0'],
      [''],
    ]);
    expect((await ask('node', 'gpu-7')).output).toContain('XID 79: the GPU has fallen off the bus');
    expect((await ask('incidents', '--open', '-o=name')).output).toBe(
      'incident/gpu-7/2026-11-26T08:00:00.000Z\n',
    );
  });
});

describe('surefoot drain-order', () => {
  test('tells of nodes with a broken device when they are best taken', async () => {
    expect((await asked(['drain-order'])).output).toMatchInlineSnapshot(`
      "NODE    BROKEN   WHEN         COSTS              WHY
      gpu-7        1   now (idle)   1.8 device-hours   nothing runs there: 1.8 device-hours while the work is done
      "
    `);
  });

  test('orders every node by what taking it costs', async () => {
    expect((await asked(['drain-order', '--all', '-o', 'name'])).output).toMatchInlineSnapshot(`
      "node/gpu-7
      node/gpu-19
      node/gpu-22
      node/gpu-1
      "
    `);
    const { items } = JSON.parse((await asked(['drain-order', '--all', '-o', 'json'])).output);
    expect(items[0]).toMatchInlineSnapshot(`
      {
        "best": {
          "costDeviceSeconds": 6300,
          "inSeconds": 0,
          "when": "idle",
        },
        "broken": 1,
        "node": "gpu-7",
        "times": [
          {
            "costDeviceSeconds": 6300,
            "inSeconds": 0,
            "when": "idle",
          },
          {
            "costDeviceSeconds": 2592000,
            "inSeconds": 2592000,
            "when": "never",
          },
        ],
        "words": "nothing runs there: 1.8 device-hours while the work is done",
      }
    `);
  });

  test.each([
    [['--takes', 'soon'], '--takes: "soon" is not a duration; write one such as 15m or 30d'],
    [['--stays', '30'], '--stays: "30" is not a duration; write one such as 15m or 30d'],
  ])('says what is wrong with %j', async (args, words) => {
    const { status, errors } = await asked(['drain-order', ...args]);
    expect([status, errors.trim()]).toEqual([2, words]);
  });

  test('knows what a misspelt node may have been', async () => {
    const { status, errors } = await asked(['drain-order', 'gpu-8']);
    expect(status).toBe(2);
    expect(errors).toMatchInlineSnapshot(`
      "no node "gpu-8" is known; did you mean gpu-7? surefoot nodes lists those that are
      "
    `);
  });
});

describe('what kubectl has and surefoot has not', () => {
  test.each([
    [['nodes', '-n', 'team-a'], 'nodes are of the whole cluster; leave -n out'],
    [
      ['get', 'incidents', '--namespace=team-a'],
      'incidents are of the whole cluster; leave -n out',
    ],
    [
      ['get', 'pods'],
      'surefoot lists nodes and incidents, no pods; surefoot why POD tells why a pod is where it is, kubectl get pods the rest',
    ],
  ])('%j', async (args, words) => {
    const { status, errors } = await new Program(args).ended();
    expect([status, errors.trim()]).toEqual([2, words]);
  });
});
