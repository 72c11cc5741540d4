import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { attempt } from './attempt.ts';
import type { LastGoodOptions } from './last-good.ts';
import { mountedVersion } from './mounted.ts';
import type { Parsed } from './strict-yaml.ts';

/** The files of a serving pair as they were read, not yet checked. */
export interface PairFiles {
  readonly directory: string;
  readonly certificate: string;
  readonly key: string;
  readonly clients?: AuthorityFile;
}

/** Who signs the certificates of clients, and where that was read. */
export interface AuthorityFile {
  readonly path: string;
  readonly text: string;
}

/** A checked serving pair: the key belongs to the certificate, which is valid now. */
export interface ServingPair {
  readonly certificate: string;
  readonly key: string;
  readonly expiresAt: Date;
  /** PEM of who signs the certificates of clients; absent where none is asked for. */
  readonly clientAuthority?: string;
}

/**
 * How a server reads the serving pair of a directory, and reads it again; and with it the file of who signs the
 * certificates of clients, where they are asked for one.
 */
export function servingPairDirectory(
  directory: string,
  clientAuthorityPath?: string,
): Pick<LastGoodOptions<PairFiles, ServingPair>, 'read' | 'fingerprint' | 'parse'> {
  return {
    read: async () => ({
      ...(await readPairFiles(directory)),
      ...(clientAuthorityPath !== undefined && {
        clients: await readAuthority(clientAuthorityPath),
      }),
    }),
    fingerprint: ({ certificate, key, clients }) => certificate + key + (clients?.text ?? ''),
    parse: (files) => parseServingPair(files, new Date()),
  };
}

/** Reads `tls.crt` and `tls.key`, both of the same version. */
export async function readPairFiles(directory: string): Promise<PairFiles> {
  const version = await mountedVersion(directory);
  return {
    directory,
    certificate: await readPairFile(directory, version, 'tls.crt'),
    key: await readPairFile(directory, version, 'tls.key'),
  };
}

async function readPairFile(directory: string, version: string, name: string): Promise<string> {
  try {
    return await readFile(join(version, name), 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${join(directory, name)}: cannot be read (${code}); make a pair with "surefoot certs --tls-dir ${directory} --host NAME"`,
    );
  }
}

async function readAuthority(path: string): Promise<AuthorityFile> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `--client-ca: ${path} cannot be read (${code}); name the file with the CA of the callers' client certificates`,
    );
  }
}

/**
 * Checks what Node's TLS does not: `setSecureContext` takes a key of another certificate without
 * a word, and every handshake after it fails.
 */
export function parseServingPair(files: PairFiles, now: Date): Parsed<ServingPair> {
  const certificatePath = join(files.directory, 'tls.crt');
  const keyPath = join(files.directory, 'tls.key');
  const certificate = attempt(() => new X509Certificate(files.certificate));
  if (certificate === undefined) {
    return problem(`${certificatePath}: not a PEM certificate; the file must hold one`);
  }
  const key = attempt(() => createPrivateKey(files.key));
  if (key === undefined) {
    return problem(`${keyPath}: not a PEM private key; the file must hold one, without a password`);
  }
  if (!certificate.checkPrivateKey(key)) {
    return problem(`${keyPath}: does not belong to the certificate in ${certificatePath}`);
  }
  // The rest of the file, a chain, is read by nobody until a handshake fails on it.
  if (
    attempt(() => createSecureContext({ cert: files.certificate, key: files.key })) === undefined
  ) {
    return problem(`${certificatePath}: holds something that TLS cannot serve; check its chain`);
  }
  const expiresAt = new Date(certificate.validTo);
  if (expiresAt <= now) {
    return problem(`${certificatePath}: expired at ${expiresAt.toISOString()}; make a new pair`);
  }
  const { clients } = files;
  if (clients !== undefined && !isAuthority(clients.text)) {
    return problem(
      `--client-ca: ${clients.path} holds no PEM certificate; anybody would be let in, or nobody`,
    );
  }
  return {
    ok: true,
    value: {
      certificate: files.certificate,
      key: files.key,
      expiresAt,
      ...(clients !== undefined && { clientAuthority: clients.text }),
    },
  };
}

function isAuthority(text: string): boolean {
  return attempt(() => new X509Certificate(text)) !== undefined;
}

function problem(sentence: string): Parsed<never> {
  return { ok: false, problems: [sentence] };
}
