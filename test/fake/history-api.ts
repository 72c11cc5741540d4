import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../../certs/cluster/api-error.ts';
import type { Lease, LeaseApi } from '../../certs/cluster/lease.ts';
import type { DeviceHistoryApi } from '../../extender/storage/cluster-store.ts';
import type { DeviceHistory } from '../../extender/storage/schema.ts';

/** An error as the Kubernetes client throws it. */
function apiError(code: number): Error {
  return new ApiError(code, `HTTP ${code}`);
}

/** DeviceHistory objects with resource versions, a status apart, and outages. */
export class FakeHistoryApi implements DeviceHistoryApi {
  readonly objects = new Map<string, DeviceHistory>();
  /** Every write that was tried, in words. */
  readonly calls: string[] = [];
  isAway = false;
  #version = 0;

  async get(name: string): Promise<DeviceHistory> {
    const found = this.objects.get(name);
    if (found === undefined) throw apiError(404);
    return found;
  }

  async create(name: string): Promise<DeviceHistory> {
    this.#call(`create ${name}`);
    if (this.objects.has(name)) throw apiError(409);
    return this.#put({
      apiVersion: 'surefoot.dev/v1alpha1',
      kind: 'DeviceHistory',
      metadata: { name, uid: name },
    });
  }

  async replaceStatus(
    name: string,
    resourceVersion: string,
    status: object,
  ): Promise<DeviceHistory> {
    this.#call(`status ${name}`);
    const known = await this.get(name);
    if (known.metadata.resourceVersion !== resourceVersion) throw apiError(409);
    return this.#put({ ...known, status: structuredClone(status) });
  }

  async delete(name: string): Promise<void> {
    this.#call(`delete ${name}`);
    if (!this.objects.delete(name)) throw apiError(404);
  }

  /** Somebody else changes the object. */
  touch(name: string, change: Partial<DeviceHistory> = {}): DeviceHistory {
    const known = this.objects.get(name);
    if (known === undefined) throw apiError(404);
    return this.#put({ ...known, ...change });
  }

  #put(object: DeviceHistory): DeviceHistory {
    this.#version += 1;
    const stored = {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#version) },
    };
    this.objects.set(object.metadata.name ?? '', stored);
    return stored;
  }

  #call(words: string): void {
    this.calls.push(words);
    if (this.isAway)
      throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  }
}

/** One lease that all replicas of a test share. */
export class FakeLease implements LeaseApi {
  lease: Lease | undefined;
  isAway = false;
  /** Milliseconds until an answer comes, by call: what is asked for is done at once all the same. */
  lateMs = { get: 0, create: 0, replace: 0 };
  /** How many calls were given up on by whoever made them. */
  aborted = 0;
  #version = 0;

  async get(signal?: AbortSignal): Promise<Lease | undefined> {
    this.#reach();
    return this.#answer('get', this.lease, signal);
  }

  async create(holder: string, durationSeconds: number, signal?: AbortSignal): Promise<Lease> {
    this.#reach();
    if (this.lease !== undefined) throw apiError(409);
    return this.#answer('create', this.#put(holder, durationSeconds), signal);
  }

  async replace(
    lease: Lease,
    holder: string,
    durationSeconds: number,
    signal?: AbortSignal,
  ): Promise<Lease> {
    this.#reach();
    if (this.lease?.resourceVersion !== lease.resourceVersion) throw apiError(409);
    return this.#answer('replace', this.#put(holder, durationSeconds), signal);
  }

  /** The answer comes late though the call was aborted: as from a client that cannot abort. */
  async #answer<A>(call: keyof FakeLease['lateMs'], answer: A, signal?: AbortSignal): Promise<A> {
    signal?.addEventListener('abort', () => {
      this.aborted += 1;
    });
    if (this.lateMs[call] > 0) await sleep(this.lateMs[call]);
    return answer;
  }

  #put(holder: string, durationSeconds: number): Lease {
    this.#version += 1;
    const renewedAt = new Date(this.#version).toISOString();
    const resourceVersion = String(this.#version);
    this.lease = { resourceVersion, holder, renewedAt, durationSeconds, transitions: 0 };
    return this.lease;
  }

  #reach(): void {
    if (this.isAway) throw new Error('connect ECONNREFUSED');
  }
}
