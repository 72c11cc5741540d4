import { readFile } from 'node:fs/promises';
import { CoreV1Api, type V1Pod } from '@kubernetes/client-node';
import type { Release } from '../../extender/release/releases.ts';
import { type Asked, askedBy } from './audit-log.ts';
import { eventually } from './eventually.ts';
import { isRunning } from './hand.ts';
import { KubeletVoice } from './kubelet-voice.ts';
import type { UsedBed } from './use-bed.ts';

const RELEASED = { timeoutSeconds: 90 };

/** What tests do to pods that are released, and what they see of it. */
export class Releasing {
  readonly #used: UsedBed;
  readonly kubelet: KubeletVoice;

  constructor(used: UsedBed) {
    this.#used = used;
    this.kubelet = new KubeletVoice(() => used.hand);
  }

  async running(selector: string, count: number): Promise<readonly V1Pod[]> {
    return eventually(`${count} running pods of ${selector}`, async () => {
      const pods = (await this.#used.hand.pods(selector)).filter(isRunning);
      return pods.length === count && pods;
    });
  }

  /** What is kept of a pod's release. */
  async releaseOf({ metadata }: V1Pod): Promise<Release | undefined> {
    const { data } = await this.#used.bed.admin
      .makeApiClient(CoreV1Api)
      .readNamespacedConfigMap({ name: 'surefoot-releases', namespace: 'surefoot-system' });
    const releases: readonly Release[] = JSON.parse(data?.['releases.json'] ?? '[]');
    return releases.find(({ uid }) => uid === metadata?.uid);
  }

  /** Waits until a guard speaks for it, by the program's log. */
  staysBy({ metadata }: V1Pod, guard: string): Promise<true> {
    const pod = `"pod":"${metadata?.namespace}/${metadata?.name}"`;
    return eventually(
      `${metadata?.name} to stay by ${guard}`,
      async () => {
        const log = await readFile(`${this.#used.bed.directory}/logs/surefoot-release.log`, 'utf8');
        return log
          .split('\n')
          .some((line) => line.includes(pod) && line.includes(`"guard":"${guard}"`));
      },
      RELEASED,
    );
  }

  async isThere({ metadata }: V1Pod): Promise<boolean> {
    const now = await this.#used.hand.pod(metadata?.name ?? '').catch(() => undefined);
    return now?.metadata?.uid === metadata?.uid && now?.metadata?.deletionTimestamp === undefined;
  }

  /** The pod that has come after this one, once it runs. */
  successorOf(old: V1Pod, selector: string): Promise<V1Pod> {
    return eventually(
      `a successor of ${old.metadata?.name}`,
      async () => {
        const pods = await this.#used.hand.pods(selector);
        return pods.find((one) => isRunning(one) && one.metadata?.uid !== old.metadata?.uid);
      },
      RELEASED,
    );
  }

  /** How many evictions of a pod the API server has granted, by its audit log. */
  async evictionsOf({ metadata }: V1Pod): Promise<number> {
    const asked = await this.asked();
    return asked.filter(
      ({ verb, objectRef, requestURI, responseStatus }) =>
        verb === 'create' &&
        objectRef?.subresource === 'eviction' &&
        objectRef.name === metadata?.name &&
        !requestURI.includes('dryRun') &&
        (responseStatus?.code ?? 500) < 300,
    ).length;
  }

  /** What the account has asked the API server for. */
  asked(): Promise<readonly Asked[]> {
    return askedBy(this.#used.bed.plane, 'release');
  }
}
