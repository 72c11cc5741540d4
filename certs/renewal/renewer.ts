import type { Logger } from 'pino';
import { issueAuthority, issueServingPair } from './issue.ts';
import {
  isPublished,
  type Kept,
  nextStep,
  type RenewalOptions,
  type Seen,
  type Step,
  signingAuthority,
} from './next-step.ts';
import type { CertificateStore, KeptSecret } from './store.ts';
import { bundleOf, certificatesIn } from './trust.ts';

/** A step that was taken. */
export type RenewalAction = 'new authority' | 'new pair' | 'trust only' | 'publish';

export interface RenewerOptions extends RenewalOptions {
  readonly authorityDays: number;
  readonly pairDays: number;
}

export interface RenewerDeps {
  readonly store: CertificateStore;
  readonly options: RenewerOptions;
  /** Servers that do not show this certificate yet, in words. */
  readonly serversNotServing: (certificate: string) => Promise<readonly string[]>;
  readonly onAction: (action: RenewalAction) => void;
  /** A clock that never jumps; default: this process's. */
  readonly nowMs?: () => number;
  readonly log: Logger;
}

/** How things stand after a round. */
export interface RenewalStatus {
  /** What is not as it should be, in words; absent when all is. */
  readonly missing?: string;
  /** What a renewal under way waits for. */
  readonly waitsFor?: string;
  readonly authorityEndsAt?: Date;
  readonly pairEndsAt?: Date;
  readonly authorities: number;
}

/** More steps than any renewal has in one go; what is left is done in the next round. */
const MOST_STEPS = 8;

/** Takes the steps of a renewal, one round after the other. */
export class Renewer {
  readonly #deps: RenewerDeps;
  #publishedSince: { readonly authority: string; readonly ms: number } | undefined;
  #said = '';

  constructor(deps: RenewerDeps) {
    this.#deps = deps;
  }

  /** Does what can be done now. Throws what the store throws; the next round begins from what is there then. */
  async round(): Promise<RenewalStatus> {
    const { store, log } = this.#deps;
    const now = await store.now();
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const secret = await store.read();
      if (secret === undefined) {
        return { missing: 'the Secret is not there; apply the manifests', authorities: 0 };
      }
      const { step, published } = await this.#step(secret.kept, now);
      if (step.kind === 'nothing' || step.kind === 'wait' || step.kind === 'look at servers') {
        return this.#status(secret.kept, step, published);
      }
      log.info({ why: step.why }, WORDS[step.kind]);
      await this.#take(step, secret, now);
      this.#deps.onAction(step.kind);
    }
    return { missing: 'a renewal that does not end; see the log', authorities: 0 };
  }

  async #step(
    kept: Kept,
    now: Date,
  ): Promise<{ readonly step: Step; readonly published: Seen['published'] }> {
    const { store, options, serversNotServing } = this.#deps;
    const published = await store.published();
    const seen = { now, published, publishedSeconds: this.#publishedSeconds(kept, published) };
    const step = nextStep(kept, seen, options);
    if (step.kind !== 'look at servers') return { step, published };
    const behind = await serversNotServing(kept.certificate);
    return { step: nextStep(kept, { ...seen, behind }, options), published };
  }

  #publishedSeconds(kept: Kept, published: Seen['published']): number {
    const { nowMs = () => performance.now() } = this.#deps;
    const authority = signingAuthority(kept)?.fingerprint256;
    if (authority === undefined || !isPublished(kept, published)) {
      this.#publishedSince = undefined;
      return 0;
    }
    if (this.#publishedSince?.authority !== authority) {
      this.#publishedSince = { authority, ms: nowMs() };
    }
    return (nowMs() - this.#publishedSince.ms) / 1000;
  }

  async #take(
    step: Exclude<Step, { kind: 'nothing' | 'wait' | 'look at servers' }>,
    { kept, resourceVersion }: KeptSecret,
    now: Date,
  ): Promise<void> {
    const { store, options } = this.#deps;
    switch (step.kind) {
      case 'publish':
        return store.publish(step.entries, kept.bundle);
      case 'trust only':
        return store.write(resourceVersion, { ...kept, bundle: step.bundle });
      case 'new pair':
        return store.write(resourceVersion, { ...without(kept, 'pair'), ...this.#pair(kept, now) });
      case 'new authority': {
        const { certificate, key } = issueAuthority({ now, validDays: options.authorityDays });
        const bundle = bundleOf([
          ...certificatesIn(certificate),
          // Of many lost ones the newest stay: each handshake of the API server walks the bundle.
          ...certificatesIn(step.older).slice(0, MOST_OLDER),
        ]);
        const fresh = { ...without(kept, 'authority'), bundle, authorityKey: key };
        return store.write(
          resourceVersion,
          step.withPair ? { ...fresh, ...this.#pair(fresh, now) } : fresh,
        );
      }
    }
  }

  #pair(
    { bundle, authorityKey }: Kept,
    now: Date,
  ): { readonly certificate: string; readonly key: string } {
    const { hosts, pairDays } = this.#deps.options;
    const [authority] = certificatesIn(bundle);
    return issueServingPair({
      authority: { certificate: String(authority), key: authorityKey },
      hosts,
      now,
      validDays: pairDays,
    });
  }

  #status(kept: Kept, step: Step, published: Seen['published']): RenewalStatus {
    const waitsFor = step.kind === 'wait' ? step.why : oddWish(kept);
    if (waitsFor !== undefined && waitsFor !== this.#said) this.#deps.log.info(waitsFor);
    this.#said = waitsFor ?? '';
    const [pair] = certificatesIn(kept.certificate);
    const authority = signingAuthority(kept);
    return {
      ...(waitsFor !== undefined && { waitsFor }),
      ...(published.size === 0 && {
        missing: 'the webhook configuration is not there; apply the manifests',
      }),
      ...(authority !== undefined && { authorityEndsAt: new Date(authority.validTo) }),
      ...(pair !== undefined && { pairEndsAt: new Date(pair.validTo) }),
      authorities: certificatesIn(kept.bundle).length,
    };
  }
}

const MOST_OLDER = 4;

const WORDS: Readonly<Record<RenewalAction, string>> = {
  'new authority': 'making a new authority',
  'new pair': 'making a new serving pair',
  'trust only': 'taking an authority out of the bundle',
  publish: 'giving the webhook configuration the bundle',
};

/** A wish that nobody can grant stays where it is, and is said. */
function oddWish({ asked }: Kept): string | undefined {
  return asked === undefined || asked === 'authority' || asked === 'pair'
    ? undefined
    : `the annotation surefoot.dev/rotate says ${JSON.stringify(asked.slice(0, 63))}; write authority or pair`;
}

/** What was kept, with what was asked for done. */
function without(kept: Kept, done: string): Kept {
  if (kept.asked !== done) return kept;
  const { asked: _done, ...rest } = kept;
  return rest;
}
