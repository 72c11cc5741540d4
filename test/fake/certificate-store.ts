import { ApiError } from '../../certs/cluster/api-error.ts';
import type { Kept } from '../../certs/renewal/next-step.ts';
import type { CertificateStore, KeptSecret } from '../../certs/renewal/store.ts';

const NOTHING: Kept = { bundle: '', authorityKey: '', certificate: '', key: '' };

/** A Secret with resource versions and a webhook configuration, and an API server's clock. */
export class FakeCertificateStore implements CertificateStore {
  kept: Kept | undefined = NOTHING;
  bundles = new Map([
    ['pods', ''],
    ['jobs', ''],
  ]);
  nowMs: number;
  /** Writes that were done. */
  writes = 0;
  /** What somebody else does just before the next write. */
  beforeWrite: (() => unknown) | undefined;
  #version = 1;

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  async now(): Promise<Date> {
    return new Date(this.nowMs);
  }

  async read(): Promise<KeptSecret | undefined> {
    if (this.kept === undefined) return undefined;
    return { kept: this.kept, resourceVersion: String(this.#version) };
  }

  async write(resourceVersion: string, kept: Kept): Promise<void> {
    const before = this.beforeWrite;
    this.beforeWrite = undefined;
    await before?.();
    if (resourceVersion !== String(this.#version)) {
      throw new ApiError(409, 'HTTP 409');
    }
    this.writes += 1;
    this.change(kept);
  }

  /** As somebody else changes the Secret. */
  change(parts: Partial<Kept>): void {
    this.kept = { ...(this.kept ?? NOTHING), ...parts };
    if (!('asked' in parts)) {
      const { asked: _done, ...rest } = this.kept;
      this.kept = rest;
    }
    this.#version += 1;
  }

  async published(): Promise<ReadonlyMap<string, string>> {
    return new Map(this.bundles);
  }

  async publish(entries: readonly string[], bundle: string): Promise<void> {
    for (const entry of entries) this.bundles.set(entry, bundle);
  }
}
