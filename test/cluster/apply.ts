import {
  type KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  loadYaml,
  PatchStrategy,
} from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { eventually } from './eventually.ts';
import { keyOf, objectsIn, type Rendered } from './render.ts';
import { unlessAbsent } from './unless-absent.ts';

/** Kinds that others are of, or live in, come first. */
const FIRST = ['Namespace', 'CustomResourceDefinition'];

/** As `kubectl apply --server-side` and `kubectl delete` do. */
export class Applier {
  readonly #api: KubernetesObjectApi;

  constructor(config: KubeConfig) {
    this.#api = KubernetesObjectApi.makeApiClient(config);
  }

  /** Applies all objects; throws with the object that was refused. `dryRun`: through all of admission, and not kept. */
  async apply(text: string, { dryRun = false } = {}): Promise<void> {
    const objects = objectsIn(text);
    const first = objects.filter(({ kind }) => FIRST.includes(kind));
    for (const object of first) await this.#applyOne(object, dryRun);
    for (const object of objects) {
      if (first.includes(object)) continue;
      // A kind that was defined a moment ago is not served yet.
      await eventually(keyOf(object), async () => {
        await this.#applyOne(object, dryRun);
        return true;
      });
    }
  }

  /** Deletes what is there of the objects, those that others live in last. */
  async remove(text: string): Promise<void> {
    const objects = objectsIn(text).toSorted(
      (a, b) => Number(FIRST.includes(a.kind)) - Number(FIRST.includes(b.kind)),
    );
    for (const object of objects) {
      await this.#api.delete(object).catch((error: { code?: number }) => {
        if (error.code !== 404) throw error;
      });
    }
  }

  /** Which of the objects are there, by kind, namespace and name. */
  async present(text: string): Promise<readonly string[]> {
    const looks = objectsIn(text).map(async (object) => {
      const found = await unlessAbsent(() => this.#api.read(object as never));
      return found === undefined ? [] : [keyOf(object)];
    });
    return (await Promise.all(looks)).flat();
  }

  async #applyOne(object: Rendered, dryRun: boolean): Promise<void> {
    try {
      await this.#api.patch(
        // The client knows fields such as x-kubernetes-list-type by names of its own.
        loadYaml<KubernetesObject>(stringify(object)),
        undefined,
        dryRun ? 'All' : undefined,
        'kubectl',
        true,
        PatchStrategy.ServerSideApply,
      );
    } catch (error) {
      throw new Error(`${keyOf(object)}: ${(error as Error).message}`, { cause: error });
    }
  }
}
