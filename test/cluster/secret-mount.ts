import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CoreV1Api, type KubeConfig } from '@kubernetes/client-node';

/** Some keys of a Secret, in a directory. */
export interface MountedSecret {
  readonly namespace: string;
  readonly name: string;
  /** Only these, as `items` of a volume. */
  readonly keys: readonly string[];
  readonly directory: string;
}

/** Much more often than a kubelet, which takes 30 to 100 s: those who wait for it are tests. */
const LOOK_MS = 500;

/**
 * Stands in for a kubelet's Secret volume: files appear once all keys are there, and change all at once, by
 * a link, some time after the Secret.
 */
export class SecretMount {
  readonly #api: CoreV1Api;
  readonly #secret: MountedSecret;
  readonly #stopped = new AbortController();
  readonly #looking: Promise<void>;
  /** Seconds that a change takes to arrive. */
  delaySeconds = 0;
  #version = '';

  constructor(config: KubeConfig, secret: MountedSecret) {
    this.#api = config.makeApiClient(CoreV1Api);
    this.#secret = secret;
    this.#looking = this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#looking;
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#sync().catch(() => {});
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #sync(): Promise<void> {
    const { namespace, name, keys, directory } = this.#secret;
    const { data = {}, metadata } = await this.#api.readNamespacedSecret({ namespace, name });
    const version = metadata?.resourceVersion ?? '';
    if (version === this.#version || keys.some((key) => data[key] === undefined)) return;
    await sleep(this.delaySeconds * 1000, undefined, { signal: this.#stopped.signal });
    const place = join(directory, `..${version}`);
    await mkdir(place, { recursive: true });
    for (const key of keys) {
      const bytes = Buffer.from(data[key] ?? '', 'base64');
      await writeFile(join(place, key), bytes, { mode: 0o600 });
    }
    const link = join(directory, '..data');
    await rm(`${link}.new`, { force: true });
    await symlink(place, `${link}.new`);
    await rename(`${link}.new`, link);
    if (this.#version === '') {
      for (const key of keys) await symlink(join('..data', key), join(directory, key));
    }
    this.#version = version;
  }
}
