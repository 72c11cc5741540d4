import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubernetesObject } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { builtPrograms } from './go-program.ts';

const MANIFESTS = join(import.meta.dirname, '../../manifests');
const run = promisify(execFile);
const MOST_BYTES = 16 * 1024 * 1024;

/** An object of a rendering; its kind is always there. */
export interface Rendered extends KubernetesObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [part: string]: unknown;
}

/** The manifests, as the real programs render them. */
export class Renderers {
  readonly #helm: string;
  readonly #kustomize: string;

  private constructor({ helm = '', kustomize = '' }: Readonly<Record<string, string>>) {
    this.#helm = helm;
    this.#kustomize = kustomize;
  }

  static async ready(): Promise<Renderers> {
    const tool = { modFile: 'go-manifests.mod', directory: 'manifests' };
    const programs = [
      { ...tool, name: 'helm', package: 'helm.sh/helm/v3/cmd/helm' },
      { ...tool, name: 'kustomize', package: 'sigs.k8s.io/kustomize/kustomize/v5' },
    ];
    return new Renderers(
      await builtPrograms(programs, 'that render manifests; the first time takes about 2 min', {
        say: (line) => console.log(line),
      }),
    );
  }

  /** What kustomize makes of a directory under manifests/, with components beside it. */
  async kustomize(directory: string, components: readonly string[] = []): Promise<string> {
    // Inside manifests/, for a kustomization reaches what is beside it only.
    const overlay = await mkdtemp(join(MANIFESTS, '.overlay-'));
    try {
      await writeFile(
        join(overlay, 'kustomization.yaml'),
        JSON.stringify({
          apiVersion: 'kustomize.config.k8s.io/v1beta1',
          kind: 'Kustomization',
          resources: [`../${directory}`],
          components: components.map((component) => `../components/${component}`),
        }),
      );
      return await this.built(overlay);
    } finally {
      await rm(overlay, { recursive: true });
    }
  }

  /** What kustomize makes of any directory. */
  async built(directory: string): Promise<string> {
    const { stdout } = await run(this.#kustomize, ['build', directory], { maxBuffer: MOST_BYTES });
    return stdout;
  }

  /** What Helm makes of the chart; `set` as its flag takes it. Throws with what it says on standard error. */
  async helm(
    set: readonly string[] = [],
    { namespace = 'surefoot-system', kubernetes = 'v1.37.2' } = {},
  ): Promise<string> {
    const { stdout } = await run(
      this.#helm,
      [
        'template',
        'surefoot',
        this.chart,
        `--namespace=${namespace}`,
        `--kube-version=${kubernetes}`,
        ...set.map((one) => `--set=${one}`),
      ],
      { maxBuffer: MOST_BYTES },
    );
    return stdout;
  }

  /** Runs Helm on a cluster; gives what it says. Throws with what it says on standard error. */
  async helmOn(kubeconfigPath: string, ...args: readonly string[]): Promise<string> {
    const reach = [`--kubeconfig=${kubeconfigPath}`, '--namespace=surefoot-system'];
    const { stdout } = await run(this.#helm, [...args, ...reach], { maxBuffer: MOST_BYTES });
    return stdout;
  }

  get chart(): string {
    return join(MANIFESTS, 'chart');
  }

  async lint(): Promise<string> {
    const { stdout } = await run(this.#helm, ['lint', '--strict', this.chart]);
    return stdout;
  }
}

export function objectsIn(text: string): readonly Rendered[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null);
}

/** Kind, namespace and name. */
export function keyOf({ kind, metadata: { namespace, name } }: Rendered): string {
  return [kind, namespace, name].filter((part) => part !== undefined).join(' ');
}
