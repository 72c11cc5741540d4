import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlane } from '../../cluster/control-plane.ts';
import { controlPlanePrograms } from '../../cluster/programs.ts';
import { DEFAULT_MINOR, kubernetesVersion } from '../../cluster/versions.ts';

/**
 * Nothing of what is measured. Renewed each 10 s, as kubelets do, the leases of 1,000 nodes took a third of two cores, and
 * whoever took longer was charged for more of them.
 */
const LEASE_SECONDS = 4000;

/** Measures on a real control plane of its own, of the default version; nothing of it is left. */
export async function onPlane(
  say: (line: string) => void,
  measure: (plane: ControlPlane, version: string) => Promise<void>,
): Promise<void> {
  const kubernetes = kubernetesVersion(DEFAULT_MINOR);
  const assetsDir = process.env.KUBEBUILDER_ASSETS;
  const programs = await controlPlanePrograms(kubernetes, { assetsDir, say });
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-bench-'));
  const plane = await ControlPlane.boot(directory, programs, {
    ...kubernetes,
    leaseSeconds: LEASE_SECONDS,
  });
  try {
    await measure(plane, kubernetes.version);
  } finally {
    await plane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
