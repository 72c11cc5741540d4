import { describe, expect, test } from 'vitest';
import { parseScript } from '../../../extender/fleet/script.ts';
import { meanOutcome } from '../../../extender/simulation/outcome.ts';
import { type PolicyName, policyNamed } from '../../../extender/simulation/policy-named.ts';
import { run } from '../../../extender/simulation/run.ts';

const SCRIPT = `apiVersion: fleet.surefoot.dev/v1alpha1
kind: FaultScript
workloads:
  - { name: train, kind: group, pods: 8, gpus: 8, image: a, imageSize: 5Gi, checkpoint: 30m }
  - { name: nb, kind: notebooks, pods: 24, gpus: 1, image: b, imageSize: 5Gi }
faultsPerThousandNodeDays: 300
`;

async function lived(policy: PolicyName) {
  const parsed = parseScript('s.yaml', SCRIPT);
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'));
  return run(
    parsed.value,
    { nodes: 40, days: 3, seed: 1 },
    policyNamed(policy, parsed.value.topology),
  );
}

describe('beside the same fleet and the same faults', () => {
  test('who takes racks in use first needs few of them', async () => {
    const stock = (await lived('stock')).racks.train ?? 0;
    const first = (await lived('racks first')).racks.train ?? 0;
    const freest = (await lived('racks first, else the freest')).racks.train ?? 0;
    expect(stock).toBeGreaterThan(3);
    expect(first).toBeLessThan(0.7 * stock);
    expect(freest).toBeLessThan(0.7 * stock);
    expect((await lived('surefoot')).racks.train).toBeLessThan(0.7 * stock);
    expect((await lived('surefoot, pod by pod')).racks.train).toBeGreaterThan(0.7 * stock);
  });

  test('the weighted sum brings more pods home than the stock scheduler', async () => {
    const share = ({ warmComebacks, comebacks }: Awaited<ReturnType<typeof lived>>) =>
      warmComebacks / comebacks;
    expect(share(await lived('weighted sum'))).toBeGreaterThan(2 * share(await lived('stock')));
  });

  test('means are taken of every figure, and of what a run does not have it had none', async () => {
    const one = await lived('stock');
    const mean = meanOutcome([one, { ...one, comebacks: one.comebacks + 2, racks: {} }]);
    expect(mean.comebacks).toBe(one.comebacks + 1);
    expect(mean.racks.train).toBe((one.racks.train ?? 0) / 2);
    expect(mean.lostDeviceHours).toEqual(one.lostDeviceHours);
  });
});
