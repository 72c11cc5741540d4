import type { KubeConfig } from '@kubernetes/client-node';
import { httpStatusOf } from './api-error.ts';
import { rawLines } from './raw-lines.ts';
import { accepted, rawRequest, refusal, TooLarge, wholeText } from './raw-request.ts';
import { TrimmedJson } from './trimmed-json.ts';

/** Which objects: those of one kind, everywhere or in a namespace. */
export interface Collection {
  /** The first part of their path: `api/v1`, or `apis/` with group and version. */
  readonly api: string;
  readonly plural: string;
  readonly namespace?: string;
}

/** What a list may be narrowed by. */
export interface Selector {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** A part of a list. */
interface Page<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Token of the next page; empty on the last one. */
  readonly next: string;
}

/** Objects a page; the API server's own clients page by 500. */
const MOST_OBJECTS_A_PAGE = 500;
/** A page with more is given up and asked for with fewer objects: 500 pods of a usual size take 3 to 5 MB. */
const MOST_BYTES_A_PAGE = 8 * 2 ** 20;
/** How many fewer. */
const FEWER = 8;
/** How long the API server may be silent in the middle of a list; on its own side it gives up after 60 s. */
const LIST_SILENCE_MS = 60_000;
/** A server that does not know streamed lists may take one for a watch, and then is silent. */
const STREAM_SILENCE_MS = 10_000;
/** In a page the object's fields are within `{"items":[{`. */
const DEPTH_IN_A_PAGE = 3;
/** What the API server puts on the bookmark behind the last object of a streamed list (KEP-3157). */
const LIST_END = 'k8s.io/initial-events-end';

/**
 * Objects as they are on the wire, so that times are texts: the client's models of all kinds would be the half of our
 * program. Rejects with what the API server says, as an ApiError.
 */
export class ApiObjects<T extends object> {
  readonly #config: KubeConfig;
  /** Where they are, below the address of the API server. */
  readonly path: string;
  /** Until the API server refuses to stream a list. */
  #isStreamed = true;

  constructor(config: KubeConfig, { api, plural, namespace }: Collection) {
    this.#config = config;
    const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    this.path = `/${api}${within}/${plural}`;
  }

  get(name: string, signal?: AbortSignal): Promise<T> {
    return this.#call('GET', this.#of(name), undefined, { signal });
  }

  /** `undefined` where there is no such object. */
  async find(name: string, signal?: AbortSignal): Promise<T | undefined> {
    try {
      return await this.get(name, signal);
    } catch (error) {
      if (httpStatusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** All of them at once: for few, or for a person's command. */
  async list(selector: Selector = {}): Promise<readonly T[]> {
    const found: T[] = [];
    for await (const { items } of this.#pages(selector)) found.push(...items);
    return found;
  }

  /**
   * Gives all of them to `take`, and what a watch goes on from. No more than one object, or 8 MiB, are in memory at
   * once, however large tenants make theirs: streamed where the API server does that (Kubernetes 1.34 and newer), else
   * in pages. One that is met twice is given twice.
   */
  async each(selector: Selector, take: (object: T) => void, signal?: AbortSignal): Promise<string> {
    const streamed = this.#isStreamed ? await this.#stream(selector, take, signal) : undefined;
    if (streamed !== undefined) return streamed;
    let resourceVersion = '';
    for await (const page of this.#pages(selector, signal)) {
      for (const object of page.items) take(object);
      ({ resourceVersion } = page);
    }
    return resourceVersion;
  }

  /** `undefined` where the API server does not stream lists. */
  async #stream(
    selector: Selector,
    take: (object: T) => void,
    signal = new AbortController().signal,
  ): Promise<string | undefined> {
    const query = new URLSearchParams({
      ...selector,
      watch: 'true',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
      allowWatchBookmarks: 'true',
    });
    const silenceMs = STREAM_SILENCE_MS;
    let isBegun = false;
    try {
      for await (const line of rawLines(this.#config, `${this.path}?${query}`, {
        signal,
        silenceMs,
      })) {
        const { type, object } = JSON.parse(line) as { type: string; object: T & Bookmark };
        isBegun = true;
        if (type === 'ADDED') take(object);
        else if (type === 'ERROR') throw refusal((object as { code?: number }).code, line);
        else if (object.metadata?.annotations?.[LIST_END] === 'true') {
          return object.metadata.resourceVersion ?? '';
        }
      }
      if (signal.aborted) throw new Error('stopped');
      // What was taken may be gone by the time that pages are read, and nobody would be told.
      if (isBegun) throw new Error('the API server ended a list before its last object');
    } catch (error) {
      const status = httpStatusOf(error);
      // The gate WatchList is off: `sendInitialEvents is forbidden`.
      if (status !== 400 && status !== 422) throw error;
      this.#isStreamed = false;
    }
    return undefined;
  }

  async *#pages(selector: Selector, signal?: AbortSignal): AsyncGenerator<Page<T>> {
    let limit = MOST_OBJECTS_A_PAGE;
    let token = '';
    for (;;) {
      const page = await this.#page({ ...selector, limit: `${limit}` }, token, signal);
      if (page === undefined) {
        limit = Math.ceil(limit / FEWER);
        continue;
      }
      yield page;
      if (page.next === '') return;
      token = page.next;
      limit = Math.min(MOST_OBJECTS_A_PAGE, limit * 2);
    }
  }

  /** `undefined` when it is too large, and has more than one object. */
  async #page(
    query: Selector & { readonly limit: string },
    token: string,
    signal?: AbortSignal,
  ): Promise<Page<T> | undefined> {
    const asked = new URLSearchParams({ ...query, ...(token !== '' && { continue: token }) });
    const response = await accepted(this.#config, `${this.path}?${asked}`, {
      silenceMs: LIST_SILENCE_MS,
      ...(signal !== undefined && { signal }),
    });
    const text = await (query.limit === '1'
      ? trimmedText(response)
      : wholeText(response, MOST_BYTES_A_PAGE).catch((error) => {
          if (error instanceof TooLarge) return undefined;
          throw error;
        }));
    if (text === undefined) return undefined;
    const { items, metadata = {} } = JSON.parse(text) as List<T>;
    return {
      items,
      resourceVersion: metadata.resourceVersion ?? '',
      next: metadata.continue ?? '',
    };
  }

  create(object: T, signal?: AbortSignal): Promise<T> {
    return this.#call('POST', '', object, { signal });
  }

  /** Puts an object in the place of the one of this name, or of a part such as `status`. */
  replace(name: string, object: T, { part, signal }: ReplaceOptions = {}): Promise<T> {
    return this.#call('PUT', this.#of(name, part), object, { signal });
  }

  /** RFC 7386: what is `null` goes. */
  mergePatch(name: string, patch: object, part?: string): Promise<T> {
    return this.#call('PATCH', this.#of(name, part), patch, {
      contentType: 'application/merge-patch+json',
    });
  }

  /** RFC 6902; changes are said to be by `fieldManager`. */
  jsonPatch(name: string, operations: readonly object[], fieldManager?: string): Promise<T> {
    const by = fieldManager === undefined ? '' : `?${new URLSearchParams({ fieldManager })}`;
    return this.#call('PATCH', this.#of(name) + by, operations, {
      contentType: 'application/json-patch+json',
    });
  }

  async delete(name: string): Promise<void> {
    await this.#call('DELETE', this.#of(name));
  }

  #of(name: string, part?: string): string {
    return `/${encodeURIComponent(name)}${part === undefined ? '' : `/${part}`}`;
  }

  async #call<A>(
    method: string,
    below: string,
    body?: object,
    { contentType, signal }: CallOptions = {},
  ): Promise<A> {
    const { status, text } = await rawRequest(this.#config, method, this.path + below, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
      ...(signal !== undefined && { signal }),
    });
    if (status < 200 || status > 299) throw refusal(status, text);
    return JSON.parse(text) as A;
  }
}

/** A page of one object, whatever that holds. */
async function trimmedText(response: AsyncIterable<Buffer>): Promise<string> {
  const trimmed = new TrimmedJson(DEPTH_IN_A_PAGE);
  for await (const chunk of response) trimmed.add(chunk);
  const text = trimmed.text();
  if (text === undefined) throw new Error('the API server has an object with thousands of fields');
  return text;
}

interface CallOptions {
  readonly contentType?: string;
  readonly signal?: AbortSignal | undefined;
}

interface ReplaceOptions {
  /** Such as `status`. */
  readonly part?: string;
  readonly signal?: AbortSignal | undefined;
}

interface Bookmark {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

interface List<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}
