import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueAuthority, issueServingPair } from './renewal/issue.ts';

export interface CertsOptions {
  /** Directory that receives `ca.crt`, `tls.crt` and `tls.key`. */
  readonly tlsDir: string;
  /** DNS names and IP addresses that the API server will dial. */
  readonly hosts: readonly string[];
  readonly now: Date;
}

/**
 * Makes a new CA and a serving pair and writes them; the CA's key is not kept, so the pair is
 * replaced whole, never extended. Returns the CA certificate in base64, the `caBundle` of the
 * webhook's entries.
 */
export async function makeCertificates({ tlsDir, hosts, now }: CertsOptions): Promise<string> {
  const authority = issueAuthority({ now });
  const serving = issueServingPair({ authority, hosts, now });
  await mkdir(tlsDir, { recursive: true });
  await writeWhole(join(tlsDir, 'ca.crt'), authority.certificate, 0o644);
  await writeWhole(join(tlsDir, 'tls.key'), serving.key, 0o600);
  await writeWhole(join(tlsDir, 'tls.crt'), serving.certificate, 0o644);
  return Buffer.from(authority.certificate).toString('base64');
}

/** Never leaves half a file for a server that is reading. */
async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  await writeFile(`${path}.new`, text, { mode });
  await rename(`${path}.new`, path);
}
