import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlPlane } from '../cluster/control-plane.ts';
import { controlPlanePrograms } from '../cluster/programs.ts';
import { DEFAULT_MINOR, kubernetesVersion } from '../cluster/versions.ts';

/** Measures on a real control plane of its own, of the default version; nothing of it is left. */
export async function onPlane(
  say: (line: string) => void,
  measure: (plane: ControlPlane, version: string) => Promise<void>,
): Promise<void> {
  const kubernetes = kubernetesVersion(DEFAULT_MINOR);
  const assetsDir = process.env.KUBEBUILDER_ASSETS;
  const programs = await controlPlanePrograms(kubernetes, { assetsDir, say });
  const directory = await mkdtemp(join(tmpdir(), 'surefoot-bench-'));
  const plane = await ControlPlane.boot(directory, programs, kubernetes);
  try {
    await measure(plane, kubernetes.version);
  } finally {
    await plane.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
