import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { isIP } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { WrongCall } from '../../certs/serving/lifecycle.ts';
import { messageOf } from '../../certs/serving/message.ts';
import type { GatesWord } from '../words/gates-word.ts';

export interface LifterWordOptions {
  /** Where the extenders say whether they can lift gates: `https://NAME:PORT`. */
  readonly url: string;
  /** File with the CA that has signed their certificate; read at each question, because it is renewed. */
  readonly authorityPath: string;
  readonly log: Logger;
}

/** How often it is asked; a word is good for five questions. */
const ASK_MS = 2000;
const GOOD_FOR_MS = 10_000;
const TIME_LIMIT_MS = 1500;
const MOST_ANSWER_BYTES = 4096;
/** More replicas than anybody runs. */
const MOST_ADDRESSES = 16;

/**
 * Whether somebody can lift the gates that we add: what any of the extenders has said within the last 10 s. It is asked
 * beforehand, so that no review waits for it.
 */
export class LifterWord {
  readonly #options: LifterWordOptions;
  readonly #url: URL;
  readonly #stop = new AbortController();
  #goodUntilMs = Number.NEGATIVE_INFINITY;
  #logged = '';
  #why = 'no extender has said yet that it can lift its gate';

  constructor(options: LifterWordOptions) {
    this.#options = options;
    const url = URL.parse(options.url);
    if (url?.protocol !== 'https:') {
      throw new WrongCall(
        `--lifter: "${options.url}" is no address over HTTPS; write one such as https://surefoot-gates.surefoot-system.svc:9093`,
      );
    }
    this.#url = url;
  }

  /** Why no gate may be added at this moment; `undefined` when one may. */
  cannotLift(nowMs = performance.now()): string | undefined {
    return nowMs < this.#goodUntilMs ? undefined : this.#why;
  }

  /** Asks again and again, until `stop`. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#ask();
      await sleep(ASK_MS, undefined, { signal: this.#stop.signal }).catch(() => {});
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #ask(): Promise<void> {
    const askedMs = performance.now();
    try {
      const [authority, addresses] = await Promise.all([
        readFile(this.#options.authorityPath, 'utf8'),
        this.#addresses(),
      ]);
      const words = await Promise.all(
        addresses.map((address) => this.#wordOf(address, authority).catch(messageOf)),
      );
      if (words.includes(CAN_LIFT)) this.#goodUntilMs = askedMs + GOOD_FOR_MS;
      else this.#why = `no extender can lift its gate (${words[0] ?? 'there is none'})`;
    } catch (error) {
      this.#why = `no extender was heard that can lift its gate (${messageOf(error)})`;
    }
    const why = this.cannotLift();
    const words = why === undefined ? 'pods may be gated' : `no pod is gated: ${why}`;
    if (words !== this.#logged) this.#options.log.info(words);
    this.#logged = words;
  }

  /** Of all replicas: only the one that leads can lift. */
  async #addresses(): Promise<readonly string[]> {
    const host = this.#url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return [host];
    const found = await lookup(host, { all: true });
    return found.slice(0, MOST_ADDRESSES).map(({ address }) => address);
  }

  /** `CAN_LIFT`, or why not. */
  async #wordOf(address: string, authority: string): Promise<string> {
    const host = this.#url.hostname;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const call = request(
      {
        host: address,
        port: this.#url.port,
        path: '/gates',
        ca: authority,
        minVersion: 'TLSv1.3',
        ...(isIP(host) === 0 && { servername: host, headers: { host } }),
        timeout: TIME_LIMIT_MS,
        signal: AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIME_LIMIT_MS)]),
        agent: false,
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MOST_ANSWER_BYTES) response.destroy(new Error('it says too much'));
        });
        response.on('error', reject);
        response.on('end', () => resolve(text));
      },
    );
    call.on('error', reject);
    call.end();
    const { canLift, why = 'it does not say why' } = JSON.parse(await promise) as GatesWord;
    return canLift === true ? CAN_LIFT : String(why);
  }
}

const CAN_LIFT = 'can lift';
