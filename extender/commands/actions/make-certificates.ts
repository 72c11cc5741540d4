import { X509Certificate } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeCertificates } from '../../../certs/make-once.ts';
import { WrongCall } from '../../../certs/serving/lifecycle.ts';
import { complain, print } from '../terminal/print.ts';

export interface MakeOptions {
  readonly tlsDir: string;
  readonly hosts: readonly string[];
  /** Whether what is there already is replaced. */
  readonly isForced: boolean;
}

/** Makes a CA and a serving pair, says until when they serve, and prints the caBundle. */
export async function makeOnce({ tlsDir, hosts, isForced }: MakeOptions): Promise<void> {
  if (!isForced) await refuseToReplace(tlsDir);
  const caBundle = await makeCertificates({ tlsDir, hosts, now: new Date() });
  const pair = new X509Certificate(await readFile(join(tlsDir, 'tls.crt')));
  const until = pair.validToDate.toISOString().slice(0, 10);
  complain(
    `made ca.crt, tls.crt and tls.key in ${tlsDir}; they serve until ${until} and nothing renews them (--secret does); the caBundle of the webhook:`,
  );
  print(caBundle);
}

/** The key of the CA is not kept, so a new pair has a new CA, which nobody trusts yet. */
async function refuseToReplace(tlsDir: string): Promise<void> {
  for (const name of ['ca.crt', 'tls.crt', 'tls.key']) {
    const isThere = await access(join(tlsDir, name)).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    throw new WrongCall(
      `--tls-dir: ${tlsDir} has a ${name} already, and a new pair comes with a new CA, which nobody trusts yet; name another directory, or replace it with --force and register the new caBundle`,
    );
  }
}
