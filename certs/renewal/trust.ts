import { X509Certificate } from 'node:crypto';
import { attempt } from '../serving/attempt.ts';

/** A bundle of certificate authorities, PEM one after the other: whom the API server trusts. */

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';

/** The certificates of a bundle, in its order, each once; what is no certificate is left out. */
export function certificatesIn(bundle: string): readonly X509Certificate[] {
  const found = new Map<string, X509Certificate>();
  for (const part of bundle.split(BEGIN).slice(1)) {
    const pem = `${BEGIN}${part.slice(0, part.indexOf(END))}${END}`;
    const certificate = attempt(() => new X509Certificate(pem));
    if (certificate !== undefined) found.set(certificate.fingerprint256, certificate);
  }
  return [...found.values()];
}

/** The bundle of these, each once, in this order. */
export function bundleOf(certificates: readonly X509Certificate[]): string {
  return certificatesIn(certificates.join('\n'))
    .map((certificate) => certificate.toString())
    .join('');
}

/** Whether two bundles hold the same authorities, in whatever order. */
export function trustTheSame(one: string, other: string): boolean {
  const fingerprints = (bundle: string) =>
    certificatesIn(bundle)
      .map(({ fingerprint256 }) => fingerprint256)
      .sort()
      .join();
  return fingerprints(one) === fingerprints(other);
}

/** Whether somebody who trusts the bundle believes whom this authority has signed. */
export function trusts(bundle: string, { fingerprint256 }: X509Certificate): boolean {
  return certificatesIn(bundle).some((one) => one.fingerprint256 === fingerprint256);
}

export function isValidAt({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return new Date(validFrom) <= now && now < new Date(validTo);
}

/** Whether less than a third of its life is left: time to renew, as cert-manager does. */
export function isInLastThird({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  return toMs - now.getTime() < (toMs - fromMs) / 3;
}
