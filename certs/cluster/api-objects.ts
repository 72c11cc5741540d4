import type { KubeConfig } from '@kubernetes/client-node';
import { rawRequest, refusal } from './raw-request.ts';

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
export interface Page<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Token of the next page; empty on the last one. */
  readonly next: string;
}

/** Objects a page; the API server's own clients page by 500. */
const PAGE_SIZE = 500;

/**
 * Objects as they are on the wire, so that times are texts: the client's models of all kinds would be the half of our
 * program. Rejects with what the API server says, and its status as `code`.
 */
export class ApiObjects<T extends object> {
  readonly #config: KubeConfig;
  /** Where they are, below the address of the API server. */
  readonly path: string;

  constructor(config: KubeConfig, { api, plural, namespace }: Collection) {
    this.#config = config;
    const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    this.path = `/${api}${within}/${plural}`;
  }

  get(name: string): Promise<T> {
    return this.#call('GET', this.#of(name));
  }

  /** `undefined` where there is no such object. */
  async find(name: string): Promise<T | undefined> {
    try {
      return await this.get(name);
    } catch (error) {
      if ((error as { code?: number }).code === 404) return undefined;
      throw error;
    }
  }

  /** All of them, page by page. */
  async list(selector: Selector = {}): Promise<readonly T[]> {
    const found: T[] = [];
    let token = '';
    do {
      const page = await this.page(selector, token);
      found.push(...page.items);
      token = page.next;
    } while (token !== '');
    return found;
  }

  /** One page: the first, or the one that a token stands for. */
  async page(selector: Selector, token: string): Promise<Page<T>> {
    const query = new URLSearchParams({ ...selector, limit: `${PAGE_SIZE}` });
    if (token !== '') query.set('continue', token);
    const { items, metadata = {} } = await this.#call<List<T>>('GET', `?${query}`);
    return {
      items,
      resourceVersion: metadata.resourceVersion ?? '',
      next: metadata.continue ?? '',
    };
  }

  create(object: T): Promise<T> {
    return this.#call('POST', '', object);
  }

  /** Puts an object in the place of the one of this name, or of a part such as `status`. */
  replace(name: string, object: T, part?: string): Promise<T> {
    return this.#call('PUT', this.#of(name, part), object);
  }

  /** RFC 7386: what is `null` goes. */
  mergePatch(name: string, patch: object, part?: string): Promise<T> {
    return this.#call('PATCH', this.#of(name, part), patch, 'application/merge-patch+json');
  }

  /** RFC 6902; changes are said to be by `fieldManager`. */
  jsonPatch(name: string, operations: readonly object[], fieldManager?: string): Promise<T> {
    const by = fieldManager === undefined ? '' : `?${new URLSearchParams({ fieldManager })}`;
    return this.#call('PATCH', this.#of(name) + by, operations, 'application/json-patch+json');
  }

  async delete(name: string): Promise<void> {
    await this.#call('DELETE', this.#of(name));
  }

  #of(name: string, part?: string): string {
    return `/${encodeURIComponent(name)}${part === undefined ? '' : `/${part}`}`;
  }

  async #call<A>(method: string, below: string, body?: object, contentType?: string): Promise<A> {
    const { status, text } = await rawRequest(this.#config, method, this.path + below, {
      ...(body !== undefined && { body }),
      ...(contentType !== undefined && { contentType }),
    });
    if (status < 200 || status > 299) throw refusal(status, text);
    return JSON.parse(text) as A;
  }
}

interface List<T> {
  readonly items: readonly T[];
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
}
