import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { VersionApi } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { COMPLETE, CRASH, DEVICE_FAULT, GPU, REBOOT, SLOW_END } from './bed-keys.ts';
import { eventually } from './eventually.ts';
import { useBed } from './use-bed.ts';
import { DEFAULT_MINOR } from './versions.ts';
import { pod } from './workloads.ts';

const used = useBed({ count: 2, gpus: 8, mode: 'act' });

/** A pod that is bound by hand, past every scheduler. */
function boundPod(name: string, node: string, gpus: number) {
  const body = pod(name, { gpus });
  if (body.spec !== undefined) body.spec.nodeName = node;
  return body;
}

describe('the bed', () => {
  test('is the Kubernetes that was asked for', async () => {
    const { gitVersion } = await used.bed.admin.makeApiClient(VersionApi).getCode();
    const minor = process.env.SUREFOOT_KUBERNETES ?? DEFAULT_MINOR;
    expect(gitVersion.startsWith(`v${minor}.`)).toBe(true);
  });

  test('its kubelet refuses a pod that finds too few devices, in the words of a real one', async () => {
    await used.hand.createPod(boundPod('first', 'gpu-1', 6));
    await used.hand.runningPod('first');
    await used.hand.createPod(boundPod('second', 'gpu-1', 4));
    const refused = await eventually('the refusal', async () => {
      const found = await used.hand.pod('second');
      return found.status?.phase === 'Failed' && found;
    });
    expect(refused.status).toMatchObject({
      reason: 'UnexpectedAdmissionError',
      message: `Pod was rejected: Allocate failed due to requested number of devices unavailable for ${GPU}. Requested: 4, Available: 2, which is unexpected`,
    });
  });

  test.each([
    { name: 'ends well', annotation: COMPLETE, phase: 'Succeeded', exitCode: 0 },
    { name: 'crashes with its exit code', annotation: CRASH, phase: 'Failed', exitCode: 7 },
    {
      name: 'loses its device, then crashes',
      annotation: DEVICE_FAULT,
      phase: 'Failed',
      exitCode: 7,
    },
  ])('a pod $name', async ({ annotation, phase, exitCode }) => {
    await used.hand.createPod(pod('subject'));
    const running = await used.hand.runningPod('subject');
    await used.hand.annotatePod(running, { [annotation]: '7' });
    const ended = await eventually(`phase ${phase}`, async () => {
      const found = await used.hand.pod('subject');
      return found.status?.phase === phase && found;
    });
    const [container] = ended.status?.containerStatuses ?? [];
    expect(container?.state?.terminated?.exitCode).toBe(exitCode);
    const health = container?.allocatedResourcesStatus?.[0]?.resources?.[0]?.health;
    if (annotation === DEVICE_FAULT) expect(health).toBe('Unhealthy');
  });

  test('a pod that ends slowly takes its whole termination grace', async () => {
    const body = pod('slow', {
      annotations: { [SLOW_END]: 'true', 'surefoot.dev/inject': 'false' },
    });
    if (body.spec !== undefined) {
      body.spec.terminationGracePeriodSeconds = 4;
      body.spec.tolerations = [{ operator: 'Exists' }];
    }
    await used.hand.createPod(body);
    await used.hand.runningPod('slow');
    const begun = performance.now();
    await used.hand.deletePod('slow');
    await eventually('its end', async () => (await used.hand.pods()).length === 0);
    expect(performance.now() - begun).toBeGreaterThan(2900);
  });

  test('a node that reboots is not ready for a while, and has a new boot id', async () => {
    await used.hand.annotateNode('gpu-2', { [REBOOT]: 'boot-2' });
    const seen = new Set<string>();
    await eventually('the node to be back', async () => {
      const { status } = await used.hand.core.readNode({ name: 'gpu-2' });
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? '';
      seen.add(ready);
      return seen.has('False') && ready === 'True' && status?.nodeInfo?.bootID === 'boot-2';
    });
  });
});

describe('npm run cluster', () => {
  const cluster = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, 'cluster.ts'), ...args]);

  test('starts, says how to use it, and leaves nothing behind when stopped', async () => {
    const { stdout } = await cluster('--detach', '--nodes', '2', '--gpus', '4');
    try {
      expect(stdout).toMatch(
        /^export KUBECONFIG=\S+\n\nkubectl get nodes .*\nkubectl apply .*\nnpm run -s surefoot -- doctor .*\nthe page: http:\S+\n/,
      );
      await expect(cluster('--detach')).rejects.toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /^a cluster is running already \(pid \d+\); stop it with: npm run cluster -- --stop\n$/,
        ),
      });
    } finally {
      expect((await cluster('--stop')).stdout).toBe('stopped\n');
    }
    await expect(access(join(import.meta.dirname, '.run'))).rejects.toThrow('ENOENT');
    expect((await cluster('--stop')).stdout).toBe('no cluster is running\n');
  });

  test.each([
    { args: ['--nodes', 'many'], says: '--nodes: "many" is not a whole number from 1 to 5000\n' },
    {
      args: ['--kubernetes', '1.12'],
      says: '--kubernetes: "1.12" is not one of 1.37, 1.36, 1.35\n',
    },
    { args: ['--mode', 'maybe'], says: '--mode: "maybe" is neither act nor observe\n' },
  ])('$args is a wrong call', async ({ args, says }) => {
    await expect(cluster(...args)).rejects.toMatchObject({ code: 2, stderr: says });
  });
});
