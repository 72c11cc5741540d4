import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { attempt } from '../serving/attempt.ts';
import {
  bundleOf,
  certificatesIn,
  isInLastThird,
  isValidAt,
  trusts,
  trustTheSame,
} from './trust.ts';

/** What the Secret holds, all PEM; empty where it holds nothing. */
export interface Kept {
  /** Whom clients shall trust: the authority that signs first, then older ones that are still in use. */
  readonly bundle: string;
  /** Key of the first authority. */
  readonly authorityKey: string;
  readonly certificate: string;
  readonly key: string;
  /** What somebody has asked to replace, by the annotation surefoot.dev/rotate. */
  readonly asked?: string;
}

/** What was seen of the world. */
export interface Seen {
  /** When the API server says that it is: it is the one that must find our certificates valid. */
  readonly now: Date;
  /** Entry of the webhook configuration to its `caBundle`. */
  readonly published: ReadonlyMap<string, string>;
  /** For how long every entry has held the authority that signs, as far as we have looked. */
  readonly publishedSeconds: number;
  /** Servers that do not show the kept pair yet, or cannot be asked, in words; absent: nobody has looked. */
  readonly behind?: readonly string[];
}

export interface RenewalOptions {
  /** DNS names and addresses that the API server dials. */
  readonly hosts: readonly string[];
  /** How long an authority must have been published before a pair of its is served. */
  readonly settleSeconds: number;
}

/** What to do next, and why. */
export type Step =
  /** A new authority goes in front of the bundle; with a pair of its own where no pair is any good. */
  | {
      readonly kind: 'new authority';
      readonly older: string;
      readonly withPair: boolean;
      readonly why: string;
    }
  /** Another pair, signed by the authority that is first. */
  | { readonly kind: 'new pair'; readonly why: string }
  /** The bundle becomes this one. */
  | { readonly kind: 'trust only'; readonly bundle: string; readonly why: string }
  /** The entries of the webhook configuration get the bundle. */
  | { readonly kind: 'publish'; readonly entries: readonly string[]; readonly why: string }
  /** All servers are to be looked at before the next step can be told. */
  | { readonly kind: 'look at servers' }
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'nothing' };

/**
 * The next step of a renewal that costs no request: a new authority is trusted beside the old one, and known
 * to be, before anything signed by it is served; the old one goes once every server shows the new pair.
 * There is no state but what is kept and what is seen, so whoever goes on after a crash does the same.
 */
export function nextStep(kept: Kept, seen: Seen, options: RenewalOptions): Step {
  const authority = signingAuthority(kept);
  const pair = pairOf(kept);
  return (
    stepForAuthority(kept, seen, authority, pair) ??
    stepForBundle(kept, seen) ??
    stepForPair(kept, seen, options, authority as X509Certificate, pair) ??
    stepForOlder(kept, seen, authority as X509Certificate) ?? { kind: 'nothing' }
  );
}

function stepForAuthority(
  kept: Kept,
  seen: Seen,
  authority: X509Certificate | undefined,
  pair: X509Certificate | undefined,
): Step | undefined {
  const why = whyNewAuthority(kept, seen, authority);
  if (why === undefined) return undefined;
  // Whoever is trusted now stays so, even if the Secret was lost: servers still show what it signed.
  const trusted = [kept.bundle, ...seen.published.values()].flatMap((bundle) =>
    certificatesIn(bundle).filter((one) => one.ca && isValidAt(one, seen.now)),
  );
  // Where nobody is trusted nobody can be serving: the pair need not wait for the bundle.
  const withPair = pair === undefined && trusted.length === 0;
  return { kind: 'new authority', older: bundleOf(trusted), withPair, why };
}

function whyNewAuthority(
  { bundle, asked }: Kept,
  { now }: Seen,
  authority: X509Certificate | undefined,
): string | undefined {
  if (bundle === '') return 'there is none yet';
  if (authority === undefined) return 'the one that is kept is not usable with its key';
  if (!isValidAt(authority, now)) {
    return `it is valid from ${authority.validFrom} to ${authority.validTo}`;
  }
  if (isInLastThird(authority, now)) {
    return `less than a third of its life is left: until ${authority.validTo}`;
  }
  return asked === 'authority' ? 'the annotation surefoot.dev/rotate asks for it' : undefined;
}

function stepForBundle({ bundle }: Kept, { now, published }: Seen): Step | undefined {
  const kept = certificatesIn(bundle);
  const valid = kept.filter((one) => isValidAt(one, now));
  if (valid.length < kept.length) {
    return { kind: 'trust only', bundle: bundleOf(valid), why: 'an older authority has expired' };
  }
  const entries = [...published].flatMap(([entry, theirs]) =>
    trustTheSame(theirs, bundle) ? [] : [entry],
  );
  if (entries.length === 0) return undefined;
  const isEmpty = entries.some((entry) => published.get(entry) === '');
  return {
    kind: 'publish',
    entries: [...published.keys()],
    why: isEmpty ? 'it had none' : 'it had another one',
  };
}

function stepForPair(
  kept: Kept,
  seen: Seen,
  { hosts, settleSeconds }: RenewalOptions,
  authority: X509Certificate,
  pair: X509Certificate | undefined,
): Step | undefined {
  const why = whyNewPair(kept, seen, hosts, authority, pair);
  if (why === undefined) return undefined;
  // Where the pair was lost, servers still show what an older authority has signed.
  const isServed =
    pair === undefined ? certificatesIn(kept.bundle).length > 1 : isValidAt(pair, seen.now);
  const waitSeconds = settleSeconds - seen.publishedSeconds;
  return waitSeconds > 0 && seen.published.size > 0 && isServed
    ? { kind: 'wait', why: `every API server needs ${settleSeconds} s to see the bundle` }
    : { kind: 'new pair', why };
}

function whyNewPair(
  { asked }: Kept,
  { now }: Seen,
  hosts: readonly string[],
  authority: X509Certificate,
  pair: X509Certificate | undefined,
): string | undefined {
  if (pair === undefined) return 'the one that is kept is not usable';
  if (!pair.verify(authority.publicKey)) return 'another authority signs from now on';
  if (!isValidAt(pair, now)) return `it is valid from ${pair.validFrom} to ${pair.validTo}`;
  if (isInLastThird(pair, now)) {
    return `less than a third of its life is left: until ${pair.validTo}`;
  }
  const absent = hosts.filter((host) => !isFor(pair, host));
  if (absent.length > 0) return `it is not for ${absent.join(', ')}`;
  return asked === 'pair' ? 'the annotation surefoot.dev/rotate asks for it' : undefined;
}

function stepForOlder(
  { bundle }: Kept,
  { behind }: Seen,
  authority: X509Certificate,
): Step | undefined {
  if (certificatesIn(bundle).length < 2) return undefined;
  if (behind === undefined) return { kind: 'look at servers' };
  return behind.length > 0
    ? { kind: 'wait', why: `the older authority stays until ${behind.join('; ')}` }
    : {
        kind: 'trust only',
        bundle: bundleOf([authority]),
        why: 'every server shows the pair of the newer authority',
      };
}

/** The authority that signs, if its key is its own. */
export function signingAuthority({ bundle, authorityKey }: Kept): X509Certificate | undefined {
  const [authority] = certificatesIn(bundle);
  return authority?.ca && belongs(authority, authorityKey) ? authority : undefined;
}

/** The serving certificate, if its key is its own and somebody who trusts the bundle believes it. */
function pairOf({ bundle, certificate, key }: Kept): X509Certificate | undefined {
  const pair = attempt(() => new X509Certificate(certificate));
  if (pair === undefined || !belongs(pair, key)) return undefined;
  return certificatesIn(bundle).some((one) => pair.verify(one.publicKey)) ? pair : undefined;
}

function belongs(certificate: X509Certificate, key: string): boolean {
  return attempt(() => certificate.checkPrivateKey(createPrivateKey(key))) === true;
}

function isFor(pair: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? pair.checkHost(host) : pair.checkIP(host)) !== undefined;
}

/** Whether all entries hold the authority that signs. */
export function isPublished(kept: Kept, published: ReadonlyMap<string, string>): boolean {
  const authority = signingAuthority(kept);
  if (authority === undefined) return false;
  return [...published.values()].every((bundle) => trusts(bundle, authority));
}
