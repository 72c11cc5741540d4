import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Mode } from '../../webhook/words/mode.ts';
import { ControlPlane } from './control-plane.ts';
import { Installation } from './install.ts';
import { KubeletStandIn } from './kubelet.ts';
import { createNodes, type NodesOptions } from './nodes.ts';
import { controlPlanePrograms } from './programs.ts';
import { DEFAULT_MINOR, kubernetesVersion } from './versions.ts';

export interface BedOptions extends NodesOptions {
  readonly mode: Mode;
  /** profiles.yaml; default: as shipped. */
  readonly profiles?: string;
  /** Admission plugins of the API server beside the usual ones. */
  readonly admissionPlugins?: readonly string[];
  /** Feature gates of API server and scheduler, and the API versions that they need. */
  readonly gates?: string;
  readonly runtimeConfig?: string;
  /** Whether the cluster's own scheduler asks the extender; default: it does. */
  readonly isAsked?: boolean;
  /** Flags of the API server beside the usual ones, for which files may be written into its directory. */
  readonly apiServerFlags?: (directory: string) => Promise<readonly string[]>;
  /** Whether the API server writes down what our accounts ask for. */
  readonly audits?: boolean;
  /** Kubernetes minor, such as `1.37`. */
  readonly kubernetes?: string | undefined;
  /** Default: a new directory under the system's temporary one, removed by `stop`. */
  readonly directory?: string;
  readonly assetsDir?: string | undefined;
  /** Progress, for people. */
  readonly say?: (line: string) => void;
}

/** A real control plane with fake GPU nodes and Surefoot installed. */
export class Bed {
  readonly directory: string;
  readonly plane: ControlPlane;
  readonly surefoot: Installation;
  readonly #kubelet: KubeletStandIn;

  private constructor(plane: ControlPlane, surefoot: Installation, kubelet: KubeletStandIn) {
    this.directory = plane.directory;
    this.plane = plane;
    this.surefoot = surefoot;
    this.#kubelet = kubelet;
  }

  static async start(options: BedOptions): Promise<Bed> {
    const { kubernetes = DEFAULT_MINOR, say = () => {}, assetsDir } = options;
    const version = kubernetesVersion(kubernetes);
    const programs = await controlPlanePrograms(version, { assetsDir, say });
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'surefoot-bed-')));
    say(`booting Kubernetes ${version.version}`);
    const plane = await ControlPlane.boot(directory, programs, {
      featureGates: version.featureGates,
      admissionPlugins: options.admissionPlugins,
      schedulerGates: options.gates,
      runtimeConfig: options.runtimeConfig,
      audits: options.audits,
      flags: await options.apiServerFlags?.(directory),
      isAsked: options.isAsked,
    });
    try {
      const config = plane.kubeConfig('admin');
      const kubelet = new KubeletStandIn(config);
      await kubelet.start();
      say(`creating ${options.count} nodes with ${options.gpus} GPUs each`);
      await createNodes(config, options);
      say('installing Surefoot');
      const surefoot = await Installation.install(plane, options.mode, options.profiles);
      return new Bed(plane, surefoot, kubelet);
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  get admin(): KubeConfig {
    return this.plane.kubeConfig('admin');
  }

  /** Stops everything; `keep` leaves the directory with the logs. */
  async stop({ keep = false }: { keep?: boolean } = {}): Promise<void> {
    await this.#kubelet.stop();
    await this.surefoot.stop();
    await this.plane.stop();
    if (!keep) await rm(this.directory, { recursive: true, force: true });
  }
}
