import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readScript } from '../../../extender/simulation/script-files.ts';
import { useBed } from '../use-bed.ts';
import { BedStage } from './bed-stage.ts';
import { fleetStage } from './fleet-stage.ts';
import { outcomesOf } from './outcome.ts';

const NODES = 14;
/** The Job controller of the fleet waits 10 s; the real one makes pods in one or two. */
const SETTLE_SECONDS = 17;
const BROKEN =
  'the device plugin has withdrawn the device (nvidia.com/gpu: 7 of 8 left); the kubelet reports the device as unhealthy';
const used = useBed({ count: NODES, gpus: 8, mode: 'act' });

test('a fault script leads to the same in the fleet and on the real control plane', async () => {
  const script = await readScript(join(import.meta.dirname, 'script.yaml'));
  const inFleet = await outcomesOf(script, await fleetStage(script, NODES), SETTLE_SECONDS);

  const bedStage = new BedStage(script, used.bed, used.hand);
  await bedStage.begin();
  const onBed = await outcomesOf(script, bedStage, SETTLE_SECONDS);
  await bedStage.end();

  expect(onBed).toEqual(inFleet);
  expect(onBed).toEqual([
    { fault: 'crash notebook/0', incidents: [], came: ['home', 'home'] },
    { fault: 'crash train/2', incidents: [], came: ['home', 'home', 'home', 'home'] },
    {
      fault: 'breakDevice train/1',
      incidents: [BROKEN],
      came: ['home', 'elsewhere', 'home', 'home'],
    },
    { fault: 'breakDevice notebook/1', incidents: [BROKEN], came: ['home', 'elsewhere'] },
    { fault: 'reboot chat/0', incidents: [], came: ['elsewhere', 'home'] },
  ]);
});
